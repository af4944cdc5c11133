CREATE TABLE `fleet` (
	`only` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`madeAt` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `join_tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`secretHash` text NOT NULL,
	`pattern` text NOT NULL,
	`madeAt` text NOT NULL,
	`expiresAt` text NOT NULL,
	`usedAt` text,
	`usedBy` text,
	`usedKey` text,
	`canceledAt` text
);
--> statement-breakpoint
CREATE TABLE `members` (
	`serial` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`state` text NOT NULL,
	`reason` text DEFAULT '' NOT NULL,
	`madeAt` text NOT NULL,
	`notAfter` text NOT NULL,
	`changedAt` text NOT NULL,
	`generation` integer NOT NULL,
	`chain` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `members_name` ON `members` (`kind`,`name`);--> statement-breakpoint
CREATE TABLE `roots` (
	`generation` integer PRIMARY KEY NOT NULL,
	`certificate` text NOT NULL,
	`crossCertificate` text,
	`sealedKey` text NOT NULL,
	`madeAt` text NOT NULL,
	`retiredAt` text
);
--> statement-breakpoint
CREATE TABLE `starts` (
	`number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`at` text NOT NULL
);
