DROP TABLE personal_mark;
DROP TABLE personal;
