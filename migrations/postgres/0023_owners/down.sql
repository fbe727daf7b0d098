ALTER TABLE home ADD CONSTRAINT home_principal_fkey FOREIGN KEY (principal) REFERENCES principal (id);
ALTER TABLE collection ADD CONSTRAINT collection_owner_fkey FOREIGN KEY (owner) REFERENCES principal (id);
