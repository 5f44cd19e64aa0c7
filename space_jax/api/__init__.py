"""What `import space_jax` offers: runs from Python, by the names that the package has for them."""
