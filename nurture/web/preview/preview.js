// Follows the files: the server says that one has changed, and the page takes what is new without losing its place.
(() => {
  "use strict";
  const id = (name) => document.getElementById(name);
  const narrow = matchMedia("(max-width: 860px)");
  const state = (kind, words) => {
    id("state").className = kind;
    id("state").textContent = words;
  };

  // --- the frame is as high as what stands in it -------------------------------------------
  const fit = (frame) => {
    const inner = frame.contentDocument && frame.contentDocument.documentElement;
    if (!inner) return;
    const room = frame.parentElement.clientWidth;
    frame.style.zoom = room < frame.width ? room / frame.width : 1; // a desktop's width on a phone is shown small
    frame.style.height = "0";
    frame.style.height = Math.max(inner.scrollHeight, 240) + "px";
  };
  const watchFrame = () => {
    const frame = id("frame");
    if (!frame) return;
    frame.addEventListener("load", () => fit(frame));
    if (frame.contentDocument && frame.contentDocument.readyState === "complete") fit(frame);
  };

  // --- what is new takes the place of what was ---------------------------------------------
  const swap = (fresh) => {
    const height = id("frame") && id("frame").style.height;
    const drawer = id("drawer").open;
    const opened = [...document.querySelectorAll("#side details:not(#drawer)")].map((each) => each.open);
    const typing = document.activeElement === id("find");
    for (const name of typing ? ["shown"] : ["side", "shown"]) id(name).replaceWith(fresh.getElementById(name));
    id("drawer").open = drawer;
    if (!typing) {
      const now = [...document.querySelectorAll("#side details:not(#drawer)")];
      if (now.length === opened.length) now.forEach((each, number) => (each.open = opened[number]));
    }
    if (height && id("frame")) id("frame").style.height = height;
    document.title = fresh.title;
    document.body.dataset.stamp = fresh.body.dataset.stamp;
    watchFrame();
    id("shown").classList.add("changed");
  };
  const update = async () => {
    const { scrollX, scrollY } = window;
    const side = id("side").scrollTop;
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return state("lost", "The preview can't be drawn; its terminal says why");
    swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    id("side").scrollTop = side;
    window.scrollTo(scrollX, scrollY);
    const wrong = document.querySelectorAll("#shown article").length;
    const at = new Date().toLocaleTimeString("en-GB");
    state("watching", wrong ? `Changed at ${at}: ${wrong} mistake${wrong > 1 ? "s" : ""}` : `Updated at ${at}`);
  };

  const listen = () => {
    const told = new EventSource("/changes?since=" + document.body.dataset.stamp);
    let lost = false;
    told.onopen = () => {
      state("watching", "Follows the files");
      if (lost) update();
      lost = false;
    };
    told.onmessage = (event) => {
      if (event.data !== document.body.dataset.stamp) update();
    };
    told.onerror = () => {
      lost = true;
      state("lost", "nurture preview has ended");
    };
    addEventListener("pagehide", () => told.close());
  };

  // --- people are found while one types ----------------------------------------------------
  let waiting = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "find") return;
    clearTimeout(waiting);
    const field = event.target;
    waiting = setTimeout(async () => {
      const url = new URL(field.dataset.from, location.href);
      url.searchParams.set("find", field.value);
      const answer = await fetch(url);
      if (answer.ok) id("people").innerHTML = await answer.text();
    }, 120);
  });

  addEventListener("resize", () => id("frame") && fit(id("frame")));
  id("drawer").open = !narrow.matches;
  narrow.addEventListener("change", () => (id("drawer").open = !narrow.matches));
  const current = document.querySelector(".steps [aria-current]");
  if (current && !narrow.matches) {
    const side = id("side");
    side.scrollTop = Math.max(0, current.getBoundingClientRect().top - side.getBoundingClientRect().top - side.clientHeight / 2);
  }
  watchFrame();
  listen();
})();
