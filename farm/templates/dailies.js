// Loops play only while they are in sight, so that a long page stays quick; who asked for less motion gets none.
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const sight = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (isIntersecting && !still && !target.dataset.held) target.play().catch(() => {});
    else target.pause();
  }
});
for (const loop of document.querySelectorAll("video[data-loop]")) {
  loop.controls = false; // they are in the page for readers that run no scripts
  sight.observe(loop);
  loop.addEventListener("click", () => {
    if (loop.paused) { delete loop.dataset.held; loop.play(); } else { loop.dataset.held = "yes"; loop.pause(); }
  });
}

const videosBeside = (button) => button.closest("article").querySelectorAll("video");

// The worst frame, in both takes at once: that is the frame over which people argue.
for (const button of document.querySelectorAll("button[data-at]")) {
  button.addEventListener("click", () => {
    for (const video of videosBeside(button)) {
      const seek = () => { video.currentTime = Math.min(Number(button.dataset.at), video.duration); };
      video.dataset.held = "yes";
      video.pause();
      if (video.readyState > 0) seek();
      else { video.addEventListener("loadedmetadata", seek, { once: true }); video.preload = "auto"; video.load(); }
    }
  });
}

for (const button of document.querySelectorAll("button.both")) {
  button.addEventListener("click", () => {
    for (const video of videosBeside(button)) {
      delete video.dataset.held;
      video.currentTime = 0;
      video.play().catch(() => {});
    }
  });
}
