const both = ['left', 'right'].map((id) => document.getElementById(id));
const slider = document.getElementById('lanes');
const said = document.getElementById('said');

// What is selected in one is selected in the other. An embed that has selected the same already says nothing.
both.forEach((from, i) => {
  const to = both[1 - i];
  from.addEventListener('selected', ({ detail }) => {
    // The other block has the same transactions, but other attempts.
    if (to.figures) to.select({ tx: detail.selection.tx }).catch(() => {});
  });
  from.addEventListener('result', () => {
    const [left, right] = both.map((embed) => embed.figures?.speedUp?.toFixed(2) ?? '…');
    said.textContent = `Speed-up: ${left} and ${right}`;
  });
});

slider.addEventListener('input', () => both.forEach((embed) => embed.setAttribute('lanes', slider.value)));
