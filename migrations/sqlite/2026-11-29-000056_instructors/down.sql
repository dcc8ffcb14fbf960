CREATE TABLE platform_roles_less (
    person_id TEXT NOT NULL REFERENCES people (id),
    role      TEXT NOT NULL CHECK (role IN ('support', 'domain-approver', 'operator', 'system-administrator', 'system-operator', 'system-user')),
    PRIMARY KEY (person_id, role)
);
INSERT INTO platform_roles_less (person_id, role) SELECT person_id, role FROM platform_roles WHERE role <> 'instructor';
DROP TABLE platform_roles;
ALTER TABLE platform_roles_less RENAME TO platform_roles;
