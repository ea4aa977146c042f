// The switch between light, dark, and what the system prefers: <select id="theme">.
const themeSwitch = document.getElementById("theme");

function useTheme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}

function rememberedTheme() {
  try {
    return localStorage.getItem("detector-theme") ?? "";
  } catch {
    return ""; // a browser may keep nothing for files
  }
}

themeSwitch?.addEventListener("change", () => {
  useTheme(themeSwitch.value);
  try {
    localStorage.setItem("detector-theme", themeSwitch.value);
  } catch { /* then it lasts as long as the page is open */ }
});

if (themeSwitch && [...themeSwitch.options].some((each) => each.value === rememberedTheme())) {
  themeSwitch.value = rememberedTheme();
  useTheme(themeSwitch.value);
}
