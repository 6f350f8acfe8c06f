"""The datagen source."""
