DROP TABLE audit;
DROP TABLE principal_grant;
