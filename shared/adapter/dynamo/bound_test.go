package dynamo_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/model"
)

// TestLargestProfiles holds the bound of a profile: every channel there is, every stage of the model, the latest instants and random counts, so
// that nothing compresses well. As it is stored, key and all, it fits into one write unit.
func TestLargestProfiles(t *testing.T) {
	t.Parallel()
	const id event.Identifier = "user:0190f5b2-7c1e-7a3d-9c55-3f2b1a0c4d5e"
	models := map[string][]string{"own, at its bounds": longestStages()}
	for _, name := range model.StageNames() {
		m, err := model.Stages(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Stages() {
			models[name] = append(models[name], string(s))
		}
	}
	for name, stages := range models {
		for _, test := range []struct {
			what  string
			count int64
			fits  bool
		}{
			{"ten million", 1e7, true},
			{"ten thousand million", 1e10, true},
			{"as many as an integer holds", math.MaxInt64, name != "own, at its bounds"},
		} {
			a := fullAggregate(stages, test.count)
			size := written(t, func(table *dynamo.Table) error { return table.Commit(t.Context(), "my-shop", id, a) })
			t.Logf("model %s, %s touchpoints of each kind: %d bytes", name, test.what, size)
			if (size < profile.MaxBytes) != test.fits {
				t.Errorf("model %s, %s touchpoints: %d bytes; want less than %d: %v", name, test.what, size, profile.MaxBytes, test.fits)
			}
		}
	}
}

// longestStages are as many as a model may have, with names as long as they may be, of random letters.
func longestStages() []string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
	random := rand.New(rand.NewPCG(3, 4))
	names := make([]string, stage.MaxStages)
	for i := range names {
		var name strings.Builder
		for range stage.MaxStageNameBytes / stage.MaxStages {
			name.WriteByte(letters[random.IntN(len(letters))])
		}
		names[i] = name.String()
	}
	return names
}

func fullAggregate(stages []string, most int64) profile.Aggregate {
	random := rand.New(rand.NewPCG(1, 2))
	count := func() int { return int(most - random.Int64N(most/2)) }
	latest := event.Millis(4102444799999) // the end of 2099
	a := profile.Aggregate{
		Version: most, Model: fmt.Sprintf("%s@%d", strings.Repeat("m", 20), 100), Touchpoints: count(), Proof: random.Uint64() | 1<<63,
		First: profile.Touch{At: latest, Sign: string(channel.ReferralProgramme), Hash: random.Uint64() | 1<<63},
		Last:  profile.Touch{At: latest, Sign: string(channel.OrganicShopping), Hash: random.Uint64() | 1<<63},
		Signs: map[string]int{}, Evidence: map[string]profile.Evidence{},
	}
	for _, c := range channel.Names() {
		a.Signs[string(c)] = count()
	}
	for _, s := range stages {
		a.Evidence[s] = profile.Evidence{Count: count(), First: latest - event.Millis(random.Int64N(1e12))}
	}
	return a
}
