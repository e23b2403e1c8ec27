package cost

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"path/filepath"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/traffic"
)

// Committed is the file with the figures of this version, below the root of the project.
func Committed(root string) string { return filepath.Join(root, "infra", "cost", "figures.json") }

// figuresFile is how figures are kept: counts as exact numbers, so that another price list can price them.
type figuresFile struct {
	Touchpoints int            `json:"touchpoints"` // of a day
	Profiles    []measuredFile `json:"profiles"`
	Idle        []lineFile     `json:"idle_per_month,omitempty"`
}

type measuredFile struct {
	Name      string      `json:"name"`
	Title     string      `json:"title"`
	Ingest    sectionFile `json:"ingest"`
	Schedules sectionFile `json:"schedules"`
}

type sectionFile struct {
	Touchpoints int        `json:"touchpoints"`
	Lines       []lineFile `json:"lines"`
}

type lineFile struct {
	Function string    `json:"function"`
	Kind     bill.Kind `json:"kind"`
	// as package bill counts them; a fraction where a schedule fires less than once a day
	Parts string `json:"parts"`
}

// ReadFigures reads a file that WriteFigures wrote. Of the traffic it keeps only name and title.
func ReadFigures(file string) (Figures, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Figures{}, fmt.Errorf("read figures: %w", err)
	}
	var kept figuresFile
	if err := json.Unmarshal(text, &kept); err != nil {
		return Figures{}, fmt.Errorf("read figures %s: %w", file, err)
	}
	f := Figures{Touchpoints: kept.Touchpoints}
	if kept.Idle != nil {
		if f.Idle, err = usageOf(kept.Idle); err != nil {
			return Figures{}, err
		}
	}
	for _, k := range kept.Profiles {
		m := Measured{Profile: traffic.Profile{Name: k.Name, Title: k.Title}}
		for _, one := range []struct {
			section *Section
			kept    sectionFile
		}{{&m.Ingest, k.Ingest}, {&m.Schedules, k.Schedules}} {
			used, err := usageOf(one.kept.Lines)
			if err != nil {
				return Figures{}, fmt.Errorf("read figures of %s: %w", k.Name, err)
			}
			*one.section = Section{one.kept.Touchpoints, used}
		}
		f.Profiles = append(f.Profiles, m)
	}
	return f, nil
}

func usageOf(lines []lineFile) (bill.Usage, error) {
	u := bill.Usage{}
	for _, l := range lines {
		parts, isNumber := new(big.Rat).SetString(l.Parts)
		if _, known := bill.UnitOf(l.Kind); !known || !isNumber {
			return nil, fmt.Errorf("%s of %s is no count of anything: %q", l.Kind, l.Function, l.Parts)
		}
		u[bill.Line{Function: l.Function, Kind: l.Kind}] = parts
	}
	return u, nil
}

// WriteFigures keeps figures in a file.
func WriteFigures(file string, f Figures) error {
	kept := figuresFile{Touchpoints: f.Touchpoints, Idle: linesOf(f.Idle)}
	for _, m := range f.Profiles {
		kept.Profiles = append(kept.Profiles, measuredFile{
			m.Profile.Name, m.Profile.Title,
			sectionFile{m.Ingest.Touchpoints, linesOf(m.Ingest.Usage)},
			sectionFile{m.Schedules.Touchpoints, linesOf(m.Schedules.Usage)},
		})
	}
	text, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return fmt.Errorf("encode figures: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func linesOf(u bill.Usage) []lineFile {
	var lines []lineFile
	for _, l := range u.Lines() {
		lines = append(lines, lineFile{l.Function, l.Kind, u[l].RatString()})
	}
	return lines
}

// tolerance is by how much a profile may cost more than what is committed.
var tolerance = big.NewRat(103, 100)

// Dearer says which profiles cost more than the committed ones, beyond 3 %: in operations, or in dollars without
// Lambda's time, which is that of this machine and moves with what else runs on it. Profiles that are not committed
// are not compared.
func Dearer(now, committed Figures, prices bill.Prices) []string {
	var dearer []string
	compare := func(what string, now, before *big.Rat) {
		if now.Cmp(new(big.Rat).Mul(before, tolerance)) > 0 {
			dearer = append(dearer, fmt.Sprintf("%s: %s, more than the committed %s and 3 %%", what, now.FloatString(3),
				before.FloatString(3)))
		}
	}
	for _, m := range now.Profiles {
		before, found := committed.profile(m.Profile.Name)
		if !found {
			continue
		}
		a, b := m.PerMillion(), before.PerMillion()
		perThousand := big.NewRat(1, 1000)
		compare(m.Profile.Name+", units per 1,000", a.Operations().Mul(a.Operations(), perThousand),
			b.Operations().Mul(b.Operations(), perThousand))
		compare(m.Profile.Name+", dollars per million without Lambda's time", prices.Dollars(counted(a)),
			prices.Dollars(counted(b)))
	}
	if now.Idle != nil && committed.Idle != nil {
		compare("idle, dollars a month without Lambda's time", prices.Dollars(counted(now.Idle)),
			prices.Dollars(counted(committed.Idle)))
	}
	return dearer
}

func (f Figures) profile(name string) (Measured, bool) {
	for _, m := range f.Profiles {
		if m.Profile.Name == name {
			return m, true
		}
	}
	return Measured{}, false
}

// counted leaves out what was measured with a clock.
func counted(u bill.Usage) bill.Usage {
	return u.Where(func(l bill.Line) bool { return l.Kind != bill.LambdaTime })
}
