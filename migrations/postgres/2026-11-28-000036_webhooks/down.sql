ALTER TABLE event_tallies DROP COLUMN is_heard;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
