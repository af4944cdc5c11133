CREATE TABLE `rollout_hosts` (
	`rollout` text NOT NULL,
	`host` text NOT NULL,
	`ring` integer NOT NULL,
	`state` text NOT NULL,
	`fromBuild` text,
	`toBuild` text,
	`libraries` text DEFAULT '[]' NOT NULL,
	`detail` text DEFAULT '' NOT NULL,
	`changedAt` text NOT NULL,
	PRIMARY KEY(`rollout`, `host`),
	FOREIGN KEY (`rollout`) REFERENCES `rollouts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `rollouts` (
	`id` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`reason` text DEFAULT '' NOT NULL,
	`plan` text NOT NULL,
	`startedAt` text NOT NULL,
	`endedAt` text
);
