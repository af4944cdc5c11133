CREATE TABLE `audit` (
	`sequence` integer PRIMARY KEY NOT NULL,
	`entry` text NOT NULL,
	`hash` text NOT NULL,
	`at` text NOT NULL,
	`who` text NOT NULL,
	`what` text NOT NULL,
	`subjects` text NOT NULL,
	`state` text,
	`run` text
);
--> statement-breakpoint
CREATE INDEX `audit_at` ON `audit` (`at`);--> statement-breakpoint
CREATE INDEX `audit_run` ON `audit` (`run`) WHERE run IS NOT NULL;--> statement-breakpoint
CREATE TABLE `audit_state` (
	`only` integer PRIMARY KEY NOT NULL,
	`sealedKey` text NOT NULL,
	`publicKey` text NOT NULL,
	`sealedHead` text
);
--> statement-breakpoint
CREATE TRIGGER `audit_is_not_changed` BEFORE UPDATE ON `audit` BEGIN SELECT raise(ABORT, 'the audit log is only appended to'); END;--> statement-breakpoint
CREATE TRIGGER `audit_is_not_removed` BEFORE DELETE ON `audit` BEGIN SELECT raise(ABORT, 'the audit log is only appended to'); END;
