-- Whoever teaches graded labs.
CREATE TABLE platform_roles_more (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    role      TEXT COLLATE "C" NOT NULL CHECK (role IN ('support', 'domain-approver', 'operator', 'instructor', 'system-administrator', 'system-operator', 'system-user')),
    PRIMARY KEY (person_id, role)
);
INSERT INTO platform_roles_more (person_id, role) SELECT person_id, role FROM platform_roles;
DROP TABLE platform_roles;
ALTER TABLE platform_roles_more RENAME TO platform_roles;
