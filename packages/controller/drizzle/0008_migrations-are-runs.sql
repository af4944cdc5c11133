DROP INDEX `jobs_migration`;--> statement-breakpoint
ALTER TABLE `jobs` DROP COLUMN `migrationId`;--> statement-breakpoint
DROP INDEX `migrations_cleanup`;--> statement-breakpoint
ALTER TABLE `migrations` DROP COLUMN `runId`;--> statement-breakpoint
ALTER TABLE `migrations` DROP COLUMN `cleanup`;