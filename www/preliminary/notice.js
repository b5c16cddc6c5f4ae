// Says that what this page measures is preliminary, and when it no longer is. Only what `x serve` shows while it
// still builds holds this; the deployable site does not.
(() => {
  const PAUSE_MS = 3000;
  const place = document.getElementById('preliminary');

  function say(words, action) {
    place.textContent = words;
    if (!action) return;
    const button = document.createElement('button');
    button.textContent = action;
    button.addEventListener('click', () => location.reload());
    place.append(' ', button);
  }

  async function look() {
    try {
      const response = await fetch('./preliminary/waiting.json', { cache: 'no-store' });
      const { lasting, waiting, failed } = await response.json();
      const reason =
        'Measured times are preliminary: page and engine were built quickly, with hardly any optimisation. Simulated figures do not depend on that.';
      const failure = 'The latest build failed; the terminal says why. This page stays as it was until the next change.';
      if (failed) say(waiting.length || lasting ? `${failure} ${reason}` : failure);
      else if (waiting.length) say(`${reason} Being built in the background: ${waiting.join(', ')}.`);
      else if (lasting) return say(`${reason} This is what --dev asks for.`);
      else return say('The optimised page and engines are there.', 'Load this page again');
    } catch {
      // The server may be gone, or about to start again.
    }
    setTimeout(look, PAUSE_MS);
  }
  look();
})();
