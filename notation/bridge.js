// What abcjs found in one tune, as small arrays that are cheap to carry over into Python (notation/reader.py).
// An element is [kind, startChar, endChar, ...]; kinds: 0 note or rest, 1 bar line, 2 key, 3 meter, 4 tempo, 5 clef, 6 MIDI.

function chiaroscorePitch(p) {
  var tie = p.startTie ? 1 : 0;
  var begins = p.startSlur ? p.startSlur.length : 0;
  var ends = p.endSlur ? p.endSlur.length : 0;
  var drum = p.midipitch === undefined ? null : p.midipitch;
  if (!tie && !begins && !ends && drum === null && !p.accidental) return p.pitch;
  return [p.pitch, p.accidental || "", tie, drum, begins, ends, p.name || ""];
}

function chiaroscoreExtras(e) {
  var x = {}, any = false;
  if (e.decoration && e.decoration.length) { x.d = e.decoration; any = true; }
  if (e.chord) { x.c = e.chord.map(function (c) { return [c.name, c.position || ""]; }); any = true; }
  if (e.lyric) { x.l = e.lyric.map(function (w) { return [w.syllable || "", w.divider || " "]; }); any = true; }
  if (e.gracenotes) {
    x.g = e.gracenotes.map(function (g) { return [chiaroscorePitch(g), g.duration]; });
    any = true;
  }
  if (e.startTriplet) { x.t = [e.startTriplet, e.tripletMultiplier, e.tripletR || e.startTriplet]; any = true; }
  if (e.startSlur) { x.s = e.startSlur.length || 0; any = true; }
  if (e.endSlur) { x.e = e.endSlur.length || 0; any = true; }
  return any ? x : null;
}

function chiaroscoreKey(k) {
  return [k.root, k.acc || "", k.mode || "", (k.accidentals || []).map(function (a) { return [a.note, a.acc]; })];
}

function chiaroscoreMeter(m) {
  return [m.type, (m.value || []).map(function (v) { return [v.num, v.den || ""]; })];
}

function chiaroscoreTempo(t) {
  return [t.bpm || 0, t.duration || [], [t.preString, t.postString].filter(Boolean).join(" ")];
}

function chiaroscoreElement(e) {
  var a = e.startChar, b = e.endChar;
  switch (e.el_type) {
    case "note": {
      var rest = e.rest ? [e.rest.type, e.rest.text || 1] : null;
      var pitches = e.pitches ? e.pitches.map(chiaroscorePitch) : null;
      return [0, a, b, e.duration, pitches, rest, chiaroscoreExtras(e)];
    }
    case "bar": return [1, a, b, e.type, e.startEnding || "", e.endEnding ? 1 : 0, chiaroscoreExtras(e)];
    case "key": case "keySignature": return [2, a, b].concat(chiaroscoreKey(e));
    case "meter": case "timeSignature": return [3, a, b].concat(chiaroscoreMeter(e));
    case "tempo": return [4, a, b].concat(chiaroscoreTempo(e));
    case "clef": return [5, a, b, e.type, e.transpose || 0];
    case "midi": return [6, a, b, e.cmd, e.params || []];
    default: return null;
  }
}

function chiaroscoreStaff(s) {
  return {
    clef: s.clef ? [s.clef.type || "treble", s.clef.transpose || 0] : ["treble", 0],
    key: s.key ? chiaroscoreKey(s.key) : null,
    meter: s.meter ? chiaroscoreMeter(s.meter) : null,
    voices: s.voices.map(function (v) { return v.map(chiaroscoreElement).filter(Boolean); })
  };
}

function chiaroscoreWord(w) { return typeof w === "string" ? w : ""; }

function chiaroscoreCount(tune) {
  var count = 0;
  tune.lines.forEach(function (l) {
    (l.staff || []).forEach(function (s) { ((s && s.voices) || []).forEach(function (v) { count += v.length; }); });
  });
  return count;
}

// The written tune; only the number of its elements if there are too many.
function chiaroscoreRead(abc, most) {
  var tune = ABCJS.parseOnly(abc)[0], count = chiaroscoreCount(tune);
  if (count > most) return { count: count };
  var meta = tune.metaText, midi = tune.formatting.midi || {};
  return {
    title: chiaroscoreWord(meta.title), composer: chiaroscoreWord(meta.composer),
    tempo: meta.tempo ? chiaroscoreTempo(meta.tempo) : null,
    program: midi.program || [], channel: midi.channel || [], transpose: midi.transpose || [],
    drummap: midi.drummap || {}, percmap: tune.formatting.percmap || {},
    warnings: (tune.warnings || []).slice(0, 200),
    lines: tune.lines.filter(function (l) { return l.staff; }).map(function (l) {
      return l.staff.filter(function (s) { return s && s.voices; }).map(chiaroscoreStaff);
    })
  };
}

// abcjs's own idea of what is played, for tests: [track][note] = [start, duration, pitch] in whole notes.
function chiaroscorePlayed(abc) {
  return ABCJS.parseOnly(abc)[0].setUpAudio({ chordsOff: true }).tracks.map(function (track) {
    return track.filter(function (e) { return e.cmd === "note"; }).map(function (e) {
      return [e.start, e.duration, e.pitch, e.style || "", e.startChar === undefined ? -1 : e.startChar];
    });
  });
}
