CREATE TABLE `search_place` (
	`id` integer PRIMARY KEY NOT NULL,
	`key` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO search_place (id, key) SELECT 1, coalesce(max(key), 0) FROM images;
--> statement-breakpoint
-- Names are indexed many at once, see `name-index.ts`: one by one costs a quarter of what it takes to keep an image.
DROP TRIGGER images_search_insert;
--> statement-breakpoint
DROP TRIGGER images_search_delete;
--> statement-breakpoint
-- A key that was given again after its image went.
CREATE TRIGGER images_search_insert AFTER INSERT ON images WHEN new.key <= (SELECT key FROM search_place) BEGIN
  INSERT INTO images_search (rowid, name) VALUES (new.key, new.name);
END;
--> statement-breakpoint
CREATE TRIGGER images_search_delete AFTER DELETE ON images WHEN old.key <= (SELECT key FROM search_place) BEGIN
  INSERT INTO images_search (images_search, rowid, name) VALUES ('delete', old.key, old.name);
END;
