package websites_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// seen is what node/pages.mjs saw in the browser.
type seen struct {
	Home struct {
		Headline, Snippet, Fate, Copied, Pasted string
		Advised                                 string
		Before                                  bool
		Steps, Way, Story                       []string
		Events                                  int
	}
	Debug struct {
		Lines, Rejected, Details []string
		Paused, GoneOn, Address  string
		Focus                    []string
		StoredAfterLeaving       string
	}
	Closed struct { // of a system that shows no keys
		Asked             bool
		Trouble, Where    string
		Address           string
		Keys, QueryOfKeys []string
	}
	Violations []string
	Overflows  []string
	Console    []string
	Requests   []string // to other addresses
}

// TestPages goes through the pages as somebody does who has just started the system, by mouse and by keyboard, in both themes and at two widths.
func TestPages(t *testing.T) {
	browser := chromium(t)
	needs(t, modules)
	system := world.System(t)
	shots := os.Getenv("WAYMARK_SHOTS") // a folder for pictures, to look at
	out, err := command(t, "node", "node/pages.mjs", browser, system.URL, system.Keys.Write, system.Keys.Server, system.Keys.Secret, shots)
	if err != nil {
		t.Fatalf("the browser ends with %v: %s", err, out)
	}
	var s seen
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("read what the browser saw: %v: %s", err, out)
	}
	equal := func(what string, got, want any) {
		t.Helper()
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		if string(g) != string(w) {
			t.Errorf("%s:\n got %s\nwant %s", what, g, w)
		}
	}
	host := system.URL
	equal("headline", s.Home.Headline, "Waymark is running. Three steps to your first journey.")
	equal("snippet", s.Home.Snippet, "<script async src=\""+host+"/wm.js\"\n        data-key=\"wk_demo\"></script>")
	equal("steps that are done", s.Home.Steps, []string{"send"})
	equal("way of the test event", s.Home.Way, []string{"done", "done", "done", "done"})
	equal("what became of it", s.Home.Fate, "The test event was accepted, and is in the profile of its person.")
	if !slices.Contains(s.Home.Story, "track Test Event") {
		t.Errorf("the person's story is %q", s.Home.Story)
	}
	equal("headline when the snippet is pasted", s.Home.Pasted, "Waymark is running, and events arrive. Bring your past, or watch them live.")
	equal("nothing is advised before a server sends", s.Home.Before, true)
	equal("what is advised when one does", s.Home.Advised, "waymark workspace set demo --orders server\nwaymark keys set demo wk_demo --identity signed")
	equal("what is copied", s.Home.Copied, s.Home.Snippet)
	equal("lines, the newest first", s.Debug.Lines, []string{
		"a request|⊘refused|the body is not JSON: the text ends too early, at byte 1",
		"track|✕rejected|event: a track call needs the name of the event",
		"track Signed Up|✓accepted|",
	})
	equal("lines that are rejected", s.Debug.Rejected, []string{"track|✕rejected|event: a track call needs the name of the event"})
	equal("the address says what is filtered, and no key", s.Debug.Address, "/debug?fate=rejected")
	equal("details by keyboard", s.Debug.Details, []string{"rejected, missing_name", "event: a track call needs the name of the event", "bad-1"})
	equal("while it is paused", s.Debug.Paused, "3")
	equal("when it goes on", s.Debug.GoneOn, "4")
	equal("after the key is forgotten", s.Debug.StoredAfterLeaving, "")
	equal("without keys the page asks", s.Closed.Asked, true)
	equal("a wrong key", s.Closed.Trouble, "the key is not known here; check it, and that it belongs to this installation")
	equal("a key in the fragment opens", s.Closed.Where, "demo · EUR · UTC")
	equal("and leaves the address", s.Closed.Address, "/debug")
	equal("no request has a key in its address", s.Closed.QueryOfKeys, []string{})
	equal("violations that axe finds", s.Violations, []string{})
	equal("what is wider than the window", s.Overflows, []string{})
	equal("what the console says", s.Console, []string{})
	equal("requests to others", s.Requests, []string{})
	if shots != "" {
		files, err := filepath.Glob(filepath.Join(shots, "*.png"))
		t.Logf("pictures: %v %v", files, err)
	}
}
