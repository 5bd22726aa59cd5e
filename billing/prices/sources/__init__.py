"""Who publishes prices of models: litellm's map and the package genai-prices, each read into the same shape."""
