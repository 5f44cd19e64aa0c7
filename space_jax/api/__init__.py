"""What `import space_jax` offers: runs from Python."""
