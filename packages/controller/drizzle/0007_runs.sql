CREATE TABLE `run_entries` (
	`runId` text NOT NULL,
	`sequence` integer NOT NULL,
	`entry` text NOT NULL,
	PRIMARY KEY(`runId`, `sequence`)
);
--> statement-breakpoint
CREATE TABLE `run_subjects` (
	`runId` text NOT NULL,
	`host` text NOT NULL,
	`path` text NOT NULL,
	PRIMARY KEY(`runId`, `host`, `path`)
);
--> statement-breakpoint
CREATE INDEX `run_subjects_path` ON `run_subjects` (`host`,`path`);--> statement-breakpoint
CREATE TABLE `runs` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`idempotencyKey` text NOT NULL,
	`operation` text NOT NULL,
	`phase` text NOT NULL,
	`startedAt` text NOT NULL,
	`endedAt` text,
	`workflowId` text,
	`undoHosts` text,
	`plan` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `runs_id` ON `runs` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `runs_idempotency` ON `runs` (`idempotencyKey`);--> statement-breakpoint
CREATE INDEX `runs_open` ON `runs` (`number`) WHERE endedAt IS NULL;--> statement-breakpoint
CREATE INDEX `runs_undo` ON `runs` (`number`) WHERE undoHosts IS NOT NULL;--> statement-breakpoint
ALTER TABLE `jobs` ADD `runId` text;--> statement-breakpoint
CREATE INDEX `jobs_run` ON `jobs` (`runId`);