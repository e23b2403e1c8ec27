package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// place is where an import stands: how many events the system has acknowledged without a gap, and what it said of them. It is kept in a
// file while the import runs and removed when it is complete. Sending an event again would be harmless, leaving one out would not: so the
// file's name is made from everything that decides which events there are and where they go.
type place struct {
	Version   int              `json:"version"`
	Delivered int64            `json:"delivered"` // events
	Accepted  int64            `json:"accepted"`
	Rejected  int64            `json:"rejected"`
	Refused   int64            `json:"refused"`
	Retries   int64            `json:"retries"`
	Reasons   map[string]int64 `json:"reasons"`
	Problems  []Problem        `json:"problems"`

	path string // "" keeps nothing
}

// placeVersion rises when the same file and mapping make other events, or in another order.
const placeVersion = 2

// place loads the kept place of this very import, or begins one.
func (c Config) place() (*place, error) {
	p := &place{Version: placeVersion, Reasons: map[string]int64{}}
	if c.StateDir == "" || c.File == "-" {
		return p, nil
	}
	name, err := c.fingerprint()
	if err != nil {
		return nil, err
	}
	p.path = filepath.Join(c.StateDir, name+".json")
	text, err := os.ReadFile(p.path)
	if c.Restart || errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read place of the import: %w", err)
	}
	kept := &place{path: p.path}
	if err := json.Unmarshal(text, kept); err != nil || kept.Version != placeVersion || kept.Reasons == nil {
		return nil, fmt.Errorf("read place of the import: %s is damaged or of another release; --restart sends everything again, which is harmless", p.path)
	}
	return kept, nil
}

// fingerprint names an import: the system, the key (hashed), the mapping's text and the file's content.
func (c Config) fingerprint() (string, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // opened for reading: closing cannot lose anything
	content := sha256.New()
	if _, err := io.Copy(content, file); err != nil {
		return "", fmt.Errorf("read %s: %w", c.File, err)
	}
	all := sha256.New()
	key := sha256.Sum256([]byte(c.Key))
	fmt.Fprintf(all, "%d:%s%x%x%x", len(c.URL), c.URL, key, c.Mapping.digest, content.Sum(nil))
	return hex.EncodeToString(all.Sum(nil))[:32], nil
}

// enter books one batch.
func (p *place) enter(o outcome) {
	events := int64(len(o.batch.events))
	p.Delivered += events
	p.Rejected += o.rejected
	p.Refused += o.refused
	p.Accepted += events - o.rejected - o.refused
	p.Retries += o.retries
	for _, problem := range o.problems {
		p.Reasons[problem.Code]++
		if len(p.Problems) < maxProblems {
			p.Problems = append(p.Problems, problem)
		}
	}
}

// apply adds what the system said to what the mapping found.
func (p *place) apply(s *Summary) {
	s.Events.Accepted, s.Events.Rejected, s.Events.Refused, s.Retries = p.Accepted, p.Rejected, p.Refused, p.Retries
	for code, n := range p.Reasons {
		s.Reasons[code] += n
	}
	for _, problem := range p.Problems {
		if len(s.Problems) < maxProblems {
			s.Problems = append(s.Problems, problem)
		}
	}
}

// save replaces the file as a whole, so that a crash leaves the old place or the new one.
func (p *place) save() error {
	if p.path == "" {
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("write place of the import: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o755); err != nil {
		return fmt.Errorf("write place of the import: %w", err)
	}
	if err := os.WriteFile(p.path+".new", text, 0o600); err != nil {
		return fmt.Errorf("write place of the import: %w", err)
	}
	if err := os.Rename(p.path+".new", p.path); err != nil {
		return fmt.Errorf("write place of the import: %w", err)
	}
	return nil
}

// remove forgets the place of a complete import: the same command then imports again, which changes nothing but repairs a system that was
// emptied in between. The folder goes with its last file.
func (p *place) remove() error {
	if p.path == "" {
		return nil
	}
	if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove place of the import: %w", err)
	}
	_ = os.Remove(filepath.Dir(p.path)) // fails while other imports keep their places there, and should
	return nil
}
