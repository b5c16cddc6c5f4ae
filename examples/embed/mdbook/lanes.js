const script = document.createElement('script');
script.src = 'https://lanes.example/embed.js';
document.head.append(script);
