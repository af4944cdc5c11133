CREATE TABLE `format_choices` (
	`host` text NOT NULL,
	`library` text NOT NULL,
	`name` text NOT NULL,
	`scope` text NOT NULL,
	`format` text NOT NULL,
	PRIMARY KEY(`host`, `library`, `scope`, `name`)
);
