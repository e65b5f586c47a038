"use strict";
// Elements and texts. Whatever comes of a story becomes a text node or an attribute, and never markup.

const $ = (id) => document.getElementById(id);

// A new element: attributes, "on" for listeners by event, and children, which are elements or strings.
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    } else if (value !== null && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const HIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escaped(character) {
  const code = character.charCodeAt(0);
  return code < 256 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16).padStart(4, "0");
}

// Text as it may be shown: what drives or hides text is spelt out; lines stay.
const shown = (text) => text.replace(/\r\n/g, "\n").replace(HIDDEN, escaped);

// The same on one line.
const line = (text) => shown(text.replace(/[ \t\r\n]+/g, " ").trim());

const number = new Intl.NumberFormat("en").format;
const share = (tenthousandths) => (tenthousandths / 10000).toFixed(2);
const percent = (tenthousandths) => Math.floor(tenthousandths / 100) + " %";
const count = (many, one, more) => number(many) + " " + (many === 1 ? one : more);

// Seconds since 1970 as people read them, in UTC.
function when(seconds) {
  if (seconds === null) return "";
  const iso = new Date(seconds * 1000).toISOString().replace(/^[+]0*/, "");
  const [date, time] = iso.split("T");
  return time.startsWith("00:00:00") ? date : date + " " + time.slice(0, 5);
}

// What a browser may refuse to a file: the page works without it, and forgets.
const memory = {
  get(key) {
    try { return localStorage.getItem("dedup/" + key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem("dedup/" + key, value); return true; } catch { return false; }
  },
};

// Lets the page answer before more work is done.
const breath = () => new Promise((done) => setTimeout(done));
