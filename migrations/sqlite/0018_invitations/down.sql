ALTER TABLE principal DROP COLUMN accepts;
DROP TABLE invitation_answer;
DROP TABLE invitation;
