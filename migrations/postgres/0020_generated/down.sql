DROP TABLE birthdays;
DROP TABLE directory_card;
DROP TABLE directory;
