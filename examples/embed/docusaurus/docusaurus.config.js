// The lines that an existing configuration needs.
export default {
  title: 'A course',
  url: 'https://course.example',
  baseUrl: '/',
  scripts: [{ src: 'https://lanes.example/embed.js', async: true }],
  presets: [['classic', { docs: { routeBasePath: '/' } }]],
};
