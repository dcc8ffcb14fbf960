-- License tags: words by which the licenses of a Virtual Account are found again, one a row.
CREATE TABLE license_tags (
    smart_account_id TEXT COLLATE "C" NOT NULL,
    stock_id         TEXT COLLATE "C" NOT NULL,
    tag              TEXT COLLATE "C" NOT NULL CHECK (length(tag) <= 100),
    tag_key          TEXT COLLATE "C" NOT NULL CHECK (length(tag_key) <= 200),
    PRIMARY KEY (stock_id, tag_key),
    FOREIGN KEY (smart_account_id, stock_id) REFERENCES license_stocks (smart_account_id, id)
);
CREATE INDEX license_tags_key ON license_tags (smart_account_id, tag_key);
