CREATE TABLE `image_verifications` (
	`imageId` text PRIMARY KEY NOT NULL,
	`host` text NOT NULL,
	`keptSince` text,
	`verifiedAt` text,
	`triedAt` text,
	`failure` text,
	`finding` text,
	`runKey` text,
	`runId` text
);
--> statement-breakpoint
CREATE INDEX `image_verifications_open` ON `image_verifications` (`host`) WHERE runKey IS NOT NULL;--> statement-breakpoint
CREATE TABLE `schedules` (
	`host` text NOT NULL,
	`library` text NOT NULL,
	`everySeconds` integer NOT NULL,
	`windowFrom` text,
	`windowTo` text,
	`isOn` integer NOT NULL,
	`toldAt` text,
	PRIMARY KEY(`host`, `library`)
);
