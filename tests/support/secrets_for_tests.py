"""Credentials of the providers' shapes that open nothing, put together here so that no file holds one whole."""

OPENAI_KEY = "sk-proj-" + "Ab1Cd2Ef3" * 6
OTHER_OPENAI_KEY = "sk-proj-" + "Zy9Xw8Vu7" * 6
ANTHROPIC_KEY = "sk-ant-api03-" + "Gh4Ij5Kl6" * 10 + "-AA"
AZURE_KEY = "0a1b2c3d" * 4
GEMINI_KEY = "AIza" + "Sy0123456789abcdefghijklmnopqrstuvw"
OTHER_GEMINI_KEY = "AIza" + "QQ9876543210zyxwvutsrqponmlkjihgfed"
# Of no shape that tells: found where it stands, or by who has it at hand.
SHAPELESS_KEY = "Qz7" + "mV2xLp9KdRf5tWb8Hn4Jc6Ys"
