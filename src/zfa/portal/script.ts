/**
 * The portal's script: a button to copy each command and each checksum. Without it they are selected
 * by hand, and nothing else is missing.
 */

export const SCRIPT = `'use strict';
(() => {
  const said = document.getElementById('said');
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not over plain HTTP, and not when it is forbidden.
      const area = document.createElement('textarea');
      area.value = text;
      area.setAttribute('readonly', '');
      area.className = 'vh';
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      return done;
    }
  };
  for (const source of document.querySelectorAll('[data-copy]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    const face = document.createElement('span');
    face.textContent = 'Copy';
    const what = document.createElement('span');
    what.className = 'vh';
    what.textContent = ' ' + source.dataset.copy;
    button.append(face, what);
    let timer;
    button.addEventListener('click', async () => {
      const done = await copy(source.textContent.trim());
      button.focus();
      face.textContent = done ? 'Copied' : 'Not copied';
      said.textContent = '';
      said.textContent = done
        ? 'Copied: ' + source.dataset.copy
        : 'The browser did not allow copying. Select the text and copy it by hand.';
      clearTimeout(timer);
      timer = setTimeout(() => {
        face.textContent = 'Copy';
        said.textContent = '';
      }, 3000);
    });
    // Beside what scrolls, not in it.
    (source.closest('pre') ?? source).after(button);
  }
})();
`;
