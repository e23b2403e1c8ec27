package analyses_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/analyse"
)

// questions are one at least of each analysis.
func questions(t testing.TB) []string {
	t.Helper()
	more := map[string][]string{
		"funnel": {"step=Product+Viewed&step=order&by=channel", "funnel=stages"}, "retention": {"revenue=net&by=country", "cohort=first_order&grain=week"},
		"lifecycle": {"by=channel"}, "paths": {"start=Product+Viewed", "end=order&node=channel"}, "attribution": {"revenue=net", "by=campaign"}, "acquisition": {"by=campaign"},
	}
	var out []string
	for _, a := range analyse.Analyses() {
		asked := more[a.Name]
		if asked == nil {
			asked = []string{""}
		}
		for _, q := range asked {
			out = append(out, "/v1/analyses/"+a.Name+"?"+autumn+"&"+q)
		}
	}
	return out
}

// answers are those to all questions.
func (w *world) answers() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, q := range questions(w.t) {
		out[q] = w.text(q)
	}
	return out
}

// same compares all answers byte by byte.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for q := range want {
		if got[q] != want[q] {
			t.Errorf("%s: %s is answered\n%.1500s\nwant\n%.1500s", what, q, got[q], want[q])
		}
	}
}

// TestDelivery: the same events in another order, some twice, with counting and asking between, so that some come late, are answered alike to the byte.
func TestDelivery(t *testing.T) {
	contract := httpapitest.Load(t)
	for seed := range uint64(*worlds) {
		sent := events(seed, 40)
		plain := newWorld(t, contract)
		plain.take(sent...)
		plain.settle()
		want := plain.answers()

		r := rand.New(rand.NewPCG(seed, 1))
		for _, i := range r.Perm(len(sent))[:len(sent)/5] {
			sent = append(sent, sent[i])
		}
		r.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
		mixed := newWorld(t, nil)
		isOther := false
		for part := range slices.Chunk(sent, (len(sent)+3)/4) {
			mixed.take(part...)
			mixed.settle()
			isOther = isOther || mixed.text(questions(t)[0]) != want[questions(t)[0]]
		}
		same(t, "mixed", mixed.answers(), want)
		if !isOther {
			t.Errorf("seed %d: what came late has changed nothing", seed)
		}
	}
}

// TestUnlink: a link that is cut when everybody was counted is as one that was cut before.
func TestUnlink(t *testing.T) {
	sent := events(7, 40)
	cut := func(w *world) (n int) {
		for _, user := range []string{"u1", "u2", "u3", "u5", "u8", "u13", "u21", "u34"} {
			if status, _ := w.Ask(http.MethodPost, "/v1/identities/unlink", "sk_shop", `{"id":"user:`+user+`","all":true}`); status == http.StatusOK {
				n++
			}
		}
		return n
	}
	before, after := newWorld(t, nil), newWorld(t, nil)
	before.take(sent...)
	if cut(before) == 0 {
		t.Fatal("nobody was linked")
	}
	before.settle()
	after.take(sent...)
	after.settle()
	linked := after.answers()
	cut(after)
	after.settle()
	want := before.answers()
	same(t, "unlinked", after.answers(), want)
	changed(t, linked, want)
}

// TestQuarantine: what is taken out is as if it had never come, and is back when it is let go.
func TestQuarantine(t *testing.T) {
	sent, attack := events(8, 40), events(9, 10)
	for i, e := range attack { // by persons of their own and by some of the others
		attack[i] = strings.NewReplacer(`"messageId":"m`, `"messageId":"x`, `"a`, `"za`, `"userId":"u1"`, `"userId":"u2"`, `"order_id":"o`, `"order_id":"x`).Replace(e)
	}
	never, with := newWorld(t, nil), newWorld(t, nil)
	never.take(sent...)
	never.settle()
	with.take(sent...)
	with.PostAt(asked, "wk_till", attack...)
	with.Drain()
	with.settle()
	attacked := with.answers()
	status, answer := with.Ask(http.MethodPost, "/v1/quarantines", "sk_shop", `{"source":"till","received":{"from":"2026-11-22T17:00:00Z","to":"2026-11-22T19:00:00Z"},"reason":"a test"}`)
	var said struct {
		Quarantine struct {
			ID string `json:"id"`
		} `json:"quarantine"`
	}
	if err := json.Unmarshal([]byte(answer), &said); err != nil || status != http.StatusOK {
		t.Fatalf("apply is answered %d %s", status, answer)
	}
	with.settle()
	want := never.answers()
	same(t, "in quarantine", with.answers(), want)
	changed(t, attacked, want)
	if status, answer := with.Ask(http.MethodDelete, "/v1/quarantines/"+said.Quarantine.ID, "sk_shop", ""); status != http.StatusOK {
		t.Fatalf("lift is answered %d %s", status, answer)
	}
	with.settle()
	same(t, "let go", with.answers(), attacked)
}

// changed demands that some answers were others before.
func changed(t *testing.T, before, after map[string]string) {
	t.Helper()
	n := 0
	for q := range before {
		if before[q] != after[q] {
			n++
		}
	}
	if n < len(before)/2 {
		t.Errorf("only %d of %d answers have changed", n, len(before))
	}
}
