DROP TABLE throwaway_tenants;
