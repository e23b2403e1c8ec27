package rebuild

import (
	"crypto/sha256"
	"encoding/hex"
)

// Report is what a rebuild did and found. Identifiers and orders in it are ids; it holds no traits.
type Report struct {
	Workspace string  `json:"workspace"`
	From      int64   `json:"from_generation"`
	To        int64   `json:"to_generation"`
	Model     string  `json:"model"`        // of the generation To
	Objects   int     `json:"objects"`      // of the archive that were loaded
	Events    int     `json:"events"`       // in them and the late ones, repeats counted
	Late      int     `json:"late_objects"` // that came in meanwhile and were carried over
	Parts     []Part  `json:"parts,omitempty"`
	Old       string  `json:"old,omitempty"` // hash of all parts
	New       string  `json:"new,omitempty"`
	Equal     bool    `json:"equal"`
	Swapped   bool    `json:"swapped"`
	Phases    []Phase `json:"phases"`
}

// Part is one part of the comparison.
type Part struct {
	Name      string   `json:"name"`
	Compared  int      `json:"compared"`
	Differing int      `json:"differing"`
	Examples  []string `json:"examples,omitempty"` // the first that differ
	Old       string   `json:"old"`                // SHA-256 of the part in the generation From, in hex
	New       string   `json:"new"`
}

// Phase is how long a step took.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// conclude writes the comparison's end into the report.
func (r *Report) conclude(c *comparison) {
	old, fresh := sha256.New(), sha256.New()
	r.Parts, r.Equal = nil, true
	for i, p := range c.parts {
		p.Old, p.New = hex.EncodeToString(c.hashes[i][0].Sum(nil)), hex.EncodeToString(c.hashes[i][1].Sum(nil))
		old.Write([]byte(p.Old))
		fresh.Write([]byte(p.New))
		r.Equal = r.Equal && p.Old == p.New
		r.Parts = append(r.Parts, p)
	}
	r.Old, r.New = hex.EncodeToString(old.Sum(nil)), hex.EncodeToString(fresh.Sum(nil))
}
