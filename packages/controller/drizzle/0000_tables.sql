CREATE TABLE `activity` (
	`sequence` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` text NOT NULL,
	`subject` text NOT NULL,
	`subjectId` text NOT NULL,
	`title` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `chains` (
	`imageKey` integer NOT NULL,
	`depth` integer NOT NULL,
	`host` text NOT NULL,
	`parentPath` text NOT NULL,
	PRIMARY KEY(`imageKey`, `depth`),
	FOREIGN KEY (`imageKey`) REFERENCES `images`(`key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `chains_parent` ON `chains` (`host`,`parentPath`,`depth`);--> statement-breakpoint
CREATE TABLE `commands` (
	`sequence` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`host` text NOT NULL,
	`instance` text NOT NULL,
	`jobId` text,
	`kind` text NOT NULL,
	`command` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `commands_stream` ON `commands` (`host`,`instance`,`sequence`);--> statement-breakpoint
CREATE INDEX `commands_job` ON `commands` (`jobId`);--> statement-breakpoint
CREATE TABLE `events` (
	`sequence` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`subject` text NOT NULL,
	`at` text NOT NULL,
	`event` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_subject` ON `events` (`subject`);--> statement-breakpoint
CREATE TABLE `finding_totals` (
	`problem` text PRIMARY KEY NOT NULL,
	`severity` text NOT NULL,
	`images` integer NOT NULL,
	`bytes` integer NOT NULL,
	`sample` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `findings` (
	`imageKey` integer NOT NULL,
	`problem` text NOT NULL,
	`severity` text NOT NULL,
	`bytes` integer,
	`sample` text NOT NULL,
	PRIMARY KEY(`imageKey`, `problem`),
	FOREIGN KEY (`imageKey`) REFERENCES `images`(`key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `findings_problem` ON `findings` (`problem`,`imageKey`);--> statement-breakpoint
CREATE TABLE `hosts` (
	`name` text PRIMARY KEY NOT NULL,
	`instance` text NOT NULL,
	`session` text NOT NULL,
	`since` text NOT NULL,
	`facts` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `image_reports` (
	`key` integer PRIMARY KEY NOT NULL,
	`report` text NOT NULL,
	FOREIGN KEY (`key`) REFERENCES `images`(`key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `images` (
	`key` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`host` text NOT NULL,
	`library` text NOT NULL,
	`name` text NOT NULL,
	`path` text NOT NULL,
	`format` text NOT NULL,
	`subformat` text,
	`virtualSize` integer,
	`allocated` integer,
	`fileSize` integer NOT NULL,
	`contents` text NOT NULL,
	`strip` text,
	`chainLength` integer NOT NULL,
	`reclaimable` integer,
	`blocks` integer NOT NULL,
	`warns` integer NOT NULL,
	`infos` integer NOT NULL,
	`gravity` integer NOT NULL,
	`modifiedAt` text NOT NULL,
	`provenAt` text,
	`fingerprint` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `images_id` ON `images` (`id`);--> statement-breakpoint
CREATE INDEX `images_place` ON `images` (`host`,`library`,`name`);--> statement-breakpoint
CREATE INDEX `images_host_path` ON `images` (`host`,`path`);--> statement-breakpoint
CREATE INDEX `images_name` ON `images` (`name`,`key`);--> statement-breakpoint
CREATE INDEX `images_host_name` ON `images` (`host`,`name`,`key`);--> statement-breakpoint
CREATE INDEX `images_format_name` ON `images` (`format`,`name`,`key`);--> statement-breakpoint
CREATE INDEX `images_virtual_size` ON `images` (`virtualSize`,`key`);--> statement-breakpoint
CREATE INDEX `images_allocated` ON `images` (`allocated`,`key`);--> statement-breakpoint
CREATE INDEX `images_reclaimable` ON `images` (`reclaimable`,`key`);--> statement-breakpoint
CREATE INDEX `images_gravity` ON `images` (`gravity`,`key`);--> statement-breakpoint
CREATE INDEX `images_modified` ON `images` (`modifiedAt`,`key`);--> statement-breakpoint
CREATE INDEX `images_proven` ON `images` (`provenAt`,`key`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`host` text NOT NULL,
	`instance` text NOT NULL,
	`idempotencyKey` text NOT NULL,
	`migrationId` text,
	`kind` text NOT NULL,
	`title` text NOT NULL,
	`request` text NOT NULL,
	`state` text NOT NULL,
	`outcome` text,
	`noProgressSeconds` integer NOT NULL,
	`startedAt` text NOT NULL,
	`finishedAt` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_idempotency` ON `jobs` (`idempotencyKey`);--> statement-breakpoint
CREATE INDEX `jobs_running` ON `jobs` (`host`) WHERE state = 'running';--> statement-breakpoint
CREATE INDEX `jobs_migration` ON `jobs` (`migrationId`);--> statement-breakpoint
CREATE INDEX `jobs_finished` ON `jobs` (`finishedAt`);--> statement-breakpoint
CREATE TABLE `libraries` (
	`host` text NOT NULL,
	`name` text NOT NULL,
	`facts` text NOT NULL,
	`scanState` text DEFAULT 'unknown' NOT NULL,
	`scanFinishedAt` text,
	`images` integer DEFAULT 0 NOT NULL,
	`virtualBytes` integer DEFAULT 0 NOT NULL,
	`allocatedBytes` integer DEFAULT 0 NOT NULL,
	`reclaimableBytes` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`host`, `name`),
	FOREIGN KEY (`host`) REFERENCES `hosts`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `migration_steps` (
	`migrationId` text NOT NULL,
	`position` integer NOT NULL,
	`id` text NOT NULL,
	`state` text NOT NULL,
	`startedAt` text,
	`finishedAt` text,
	`outcome` text,
	`attempt` integer DEFAULT 0 NOT NULL,
	`output` text,
	`plan` text NOT NULL,
	PRIMARY KEY(`migrationId`, `id`),
	FOREIGN KEY (`migrationId`) REFERENCES `migrations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `migrations` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`idempotencyKey` text NOT NULL,
	`state` text NOT NULL,
	`cancelRequested` integer DEFAULT false NOT NULL,
	`imageId` text NOT NULL,
	`sourceHost` text NOT NULL,
	`sourceLibrary` text NOT NULL,
	`sourceName` text NOT NULL,
	`targetHost` text NOT NULL,
	`targetLibrary` text NOT NULL,
	`targetName` text NOT NULL,
	`targetImageId` text,
	`startedAt` text NOT NULL,
	`finishedAt` text,
	`runId` text,
	`cleanup` text,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `migrations_id` ON `migrations` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `migrations_idempotency` ON `migrations` (`idempotencyKey`);--> statement-breakpoint
CREATE INDEX `migrations_state` ON `migrations` (`state`);--> statement-breakpoint
CREATE INDEX `migrations_target` ON `migrations` (`targetHost`,`targetLibrary`,`targetName`);--> statement-breakpoint
CREATE TABLE `proofs` (
	`key` integer PRIMARY KEY NOT NULL,
	`imageId` text NOT NULL,
	`digest` text NOT NULL,
	`virtualSize` integer NOT NULL,
	`takenAt` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `proofs_image` ON `proofs` (`imageId`,`takenAt`);