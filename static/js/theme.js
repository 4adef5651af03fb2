// Runs before the first paint: a page the browser kept in its cache may carry yesterday's theme.
(() => {
  const kept = document.cookie.match(/(?:^|; )curfew_theme=(system|light|dark)/);
  if (kept) document.documentElement.dataset.theme = kept[1];
})();
