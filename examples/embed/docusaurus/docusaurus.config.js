// An existing configuration needs the line `scripts` only.
export default {
  title: 'A course',
  url: 'https://course.example',
  baseUrl: '/',
  scripts: [{ src: 'https://lanes.example/embed.js', async: true }],
  presets: [['classic', { docs: { routeBasePath: '/' }, blog: false }]],
};
