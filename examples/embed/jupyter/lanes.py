"""A notebook takes no scripts of others, but frames: the page itself, with the parameters of an embed."""
from IPython.display import IFrame

IFrame("https://lanes.example/embed.html?s=one-pool&lanes=4&view=lanes&height=420", width="100%", height=420)
