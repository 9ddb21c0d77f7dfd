// Images that are loaded and decoded before they are looked at.

const KEPT = 160; // decoded elements kept; the browser's own cache holds the rest
const preloaded = new Set();
const TINY = 64; // pixels; below this, a pixel is shown as a square

export class Images {
  constructor() {
    this.byUrl = new Map();
  }

  /** Begin to load and decode; the element can be put on the page at once. */
  load(url) {
    const known = this.byUrl.get(url);
    if (known) {
      this.byUrl.delete(url);
      this.byUrl.set(url, known);
      return known;
    }
    const element = new Image();
    element.decoding = "sync";
    element.alt = "";
    element.draggable = false;
    element.addEventListener("load", () => showLoaded(element));
    element.src = url;
    const ready = element.decode().then(() => true, () => false);
    const image = { element, ready };
    this.byUrl.set(url, image);
    for (const old of this.byUrl.keys()) {
      if (this.byUrl.size <= KEPT) break;
      this.byUrl.delete(old);
    }
    return image;
  }
}

/** Show a picture that has loaded as the network gets it: see-through parts on white, in a dark
 *  theme too. Small ones are enlarged pixel by pixel: a digit of 8 × 8 stays crisp. */
export function showLoaded(element) {
  const { naturalWidth: width, naturalHeight: height } = element;
  element.classList.toggle("pixels", Math.max(width, height) < TINY);
  // a sheet of the picture's own shape, so that what it leaves free of its frame stays dark
  const sheet = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="#fff"/></svg>`;
  element.style.background = `url("data:image/svg+xml,${encodeURIComponent(sheet)}") center / contain no-repeat`;
}

/** A thumbnail that can be pointed at another example again and again. */
export function pointThumbnail(element, url) {
  if (element.getAttribute("src") !== url) element.src = url;
}

/** Fetch a picture into the browser's cache, once. */
export function preload(url) {
  if (preloaded.has(url)) return;
  if (preloaded.size > 5000) preloaded.clear();
  preloaded.add(url);
  new Image().src = url;
}
