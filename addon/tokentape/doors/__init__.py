"""The doors: each translates between one server's world and the engine. No decisions are made in here."""
