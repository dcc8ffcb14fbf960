DROP INDEX IF EXISTS order_views_trigrams;
DROP INDEX IF EXISTS devices_trigrams;
