package measure

import (
	"cmp"
	"slices"

	"waymark/shared/domain/step"
)

// Page is what was done on one page. It stands beside the cells and in none, for a visit has one cell and many pages, and no number needs a page
// together with another dimension.
type Page struct {
	Path        string `json:"p"`
	Touchpoints int64  `json:"t,omitempty"`
	Activities  int64  `json:"a,omitempty"`
	Views       int64  `json:"v,omitempty"`
	OfServer    int64  `json:"s,omitempty"` // touchpoints that a server has sent
}

func (p *Page) count(r *step.Row) {
	counted := func(place int) int64 { return counters[place].count(r) }
	p.plus(Page{Touchpoints: counted(touchpoints), Activities: counted(activities), Views: counted(pageViews), OfServer: counted(serverTouchpoints)})
}

func (p *Page) plus(other Page) {
	p.Touchpoints, p.Activities = p.Touchpoints+other.Touchpoints, p.Activities+other.Activities
	p.Views, p.OfServer = p.Views+other.Views, p.OfServer+other.OfServer
}

// counts are a page's numbers in their places among the counters.
func (p Page) counts() (c Counts) {
	c[touchpoints], c[activities], c[pageViews], c[serverTouchpoints] = p.Touchpoints, p.Activities, p.Views, p.OfServer
	return c
}

// page finds what was done on a page, or makes room for it.
func (f *Facts) page(path string) *Page {
	i, found := slices.BinarySearchFunc(f.Pages, path, func(p Page, path string) int { return cmp.Compare(p.Path, path) })
	if !found {
		f.Pages = slices.Insert(f.Pages, i, Page{Path: path})
	}
	return &f.Pages[i]
}

// addPages adds a person to each page that they were on, and to the unknown one for what they did on none.
func (s *Set) addPages(t Totals, f Facts, times int64, version int) {
	var rest Page
	for i := range f.Entries {
		c := &f.Entries[i].Counts
		rest.plus(Page{Touchpoints: c[touchpoints], Activities: c[activities], Views: c[pageViews], OfServer: c[serverTouchpoints]})
	}
	for _, p := range f.Pages {
		t.put(Key{Dimension: ByPage, Value: p.Path}, s.shareOf(&sum{counts: p.counts()}, times, version))
		rest.plus(Page{Touchpoints: -p.Touchpoints, Activities: -p.Activities, Views: -p.Views, OfServer: -p.OfServer})
	}
	if rest != (Page{}) {
		t.put(Key{Dimension: ByPage, Value: Unknown}, s.shareOf(&sum{counts: rest.counts()}, times, version))
	}
}
