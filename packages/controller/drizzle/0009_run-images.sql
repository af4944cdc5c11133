CREATE TABLE `run_images` (
	`runId` text NOT NULL,
	`position` integer NOT NULL,
	`host` text NOT NULL,
	`path` text NOT NULL,
	`before` text,
	`fromHost` text,
	`fromPath` text,
	`fromShape` text,
	`after` text,
	`isPast` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`runId`, `position`)
);
--> statement-breakpoint
CREATE INDEX `run_images_present` ON `run_images` (`host`,`path`) WHERE isPast = 0;