package rulefile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"waymark/shared/domain/channel"
)

// Channels reads the channel rules: channels.yaml, Google's list of sources and the lists of referrers. It does not judge the rules, which
// channel.New does.
func Channels(files fs.FS) (channel.Config, error) {
	var file channelFile
	if err := decodeFile(files, "channels.yaml", &file); err != nil {
		return channel.Config{}, err
	}
	categories, err := ga4Categories(files, "channels_ga4_source_categories.csv")
	if err != nil {
		return channel.Config{}, err
	}
	for source, category := range file.Categories {
		if listed, ok := categories[source]; ok && listed != category {
			return channel.Config{}, fmt.Errorf("read channels.yaml: source %q is %s there and %s in Google's list", source, category, listed)
		}
		categories[source] = category
	}
	listed, err := listedSites(files, file.SearchNeedsTerm)
	if err != nil {
		return channel.Config{}, err
	}
	explicit, err := channelSynonyms(file.Explicit)
	if err != nil {
		return channel.Config{}, fmt.Errorf("read channels.yaml: %w", err)
	}
	return channel.Config{
		Version:    file.Version,
		Rules:      file.rules(),
		Categories: categories,
		Mediums:    file.mediums(),
		Sites:      slices.Concat(file.sites(), listed),
		Webmail:    channel.Webmail(file.Webmail),
		Labels:     file.Labels,
		Search:     channel.Search(file.Search),
		ClickIDs:   file.clickIDs(),
		Explicit:   explicit,
		Platforms:  file.Platforms,
	}, nil
}

// channelFile is the shape of channels.yaml.
type channelFile struct {
	Version         string                      `yaml:"version"`
	Rules           []channelRule               `yaml:"rules"`
	Mediums         map[string]channelMedium    `yaml:"mediums"`
	Categories      map[string]channel.Category `yaml:"categories"`
	Sites           []channelSite               `yaml:"sites"`
	SearchNeedsTerm []string                    `yaml:"search_needs_term"`
	Webmail         channelWebmail              `yaml:"webmail"`
	Labels          map[string][]string         `yaml:"labels"`
	Search          channelSearch               `yaml:"search"`
	ClickIDs        map[string]channelClickID   `yaml:"click_ids"`
	Explicit        map[channel.Name][]string   `yaml:"explicit"`
	Platforms       []string                    `yaml:"platforms"`
}

type channelRule struct {
	Channel channel.Name       `yaml:"channel"`
	All     []channelCondition `yaml:"all"`
	Any     []channelCondition `yaml:"any"`
}

type channelCondition struct {
	Field    string           `yaml:"field"`
	Category channel.Category `yaml:"category"`
	Is       []string         `yaml:"is"`
	Contains []string         `yaml:"contains"`
	Prefix   []string         `yaml:"prefix"`
	Suffix   []string         `yaml:"suffix"`
	Pattern  string           `yaml:"pattern"`
}

type channelMedium struct {
	Category channel.Category `yaml:"category"`
	As       string           `yaml:"as"`
}

type channelSite struct {
	Medium   string           `yaml:"medium"`
	Source   string           `yaml:"source"`
	Hosts    []string         `yaml:"hosts"`
	Params   []string         `yaml:"params"`
	Category channel.Category `yaml:"category"`
	As       string           `yaml:"as"`
	InLabel  bool             `yaml:"in_label"`
}

type channelWebmail struct {
	Labels    []string          `yaml:"labels"`
	Endings   []string          `yaml:"endings"`
	Redirects []string          `yaml:"redirects"`
	Providers map[string]string `yaml:"providers"`
}

type channelSearch struct {
	Words  []string `yaml:"words"`
	Params []string `yaml:"params"`
}

type channelClickID struct {
	Source string `yaml:"source"`
	Medium string `yaml:"medium"`
}

func (f *channelFile) rules() []channel.Rule {
	rules := make([]channel.Rule, 0, len(f.Rules))
	for _, r := range f.Rules {
		rules = append(rules, channel.Rule{Channel: r.Channel, All: channelConditions(r.All), Any: channelConditions(r.Any)})
	}
	return rules
}

func channelConditions(given []channelCondition) []channel.Condition {
	var out []channel.Condition
	for _, c := range given {
		out = append(out, channel.Condition(c))
	}
	return out
}

func (f *channelFile) mediums() map[string]channel.Medium {
	mediums := make(map[string]channel.Medium, len(f.Mediums))
	for name, m := range f.Mediums {
		mediums[name] = channel.Medium(m)
	}
	return mediums
}

// sites are the file's own, which insist on their category against Google's list: they were written knowing it.
func (f *channelFile) sites() []channel.Site {
	sites := make([]channel.Site, 0, len(f.Sites))
	for _, s := range f.Sites {
		category := s.Category
		if category == "" {
			category = f.Mediums[s.Medium].Category
		}
		sites = append(sites, channel.Site{
			Medium: s.Medium, Source: s.Source, Hosts: s.Hosts, Params: s.Params, Category: category, As: s.As,
			InLabel: s.InLabel,
		})
	}
	return sites
}

func (f *channelFile) clickIDs() map[string]channel.ClickID {
	ids := make(map[string]channel.ClickID, len(f.ClickIDs))
	for name, id := range f.ClickIDs {
		ids[name] = channel.ClickID(id)
	}
	return ids
}

// channelSynonyms turns channel → words into word → channel.
func channelSynonyms(words map[channel.Name][]string) (map[string]channel.Name, error) {
	names := make(map[string]channel.Name)
	var faults []error
	for name, list := range words {
		for _, word := range list {
			if taken, ok := names[word]; ok {
				faults = append(faults, fmt.Errorf("explicit name %q stands for %s and %s", word, min(taken, name), max(taken, name)))
			}
			names[word] = name
		}
	}
	return names, errors.Join(faults...)
}

// ga4Categories reads Google's list of sources: a header, then source and SOURCE_CATEGORY_….
func ga4Categories(files fs.FS, path string) (map[string]channel.Category, error) {
	data, err := fs.ReadFile(files, path)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = 2
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	categories := make(map[string]channel.Category, len(records))
	for _, record := range records[min(1, len(records)):] {
		category, ok := strings.CutPrefix(record[1], "SOURCE_CATEGORY_")
		if !ok {
			return nil, fmt.Errorf("read %s: source %q: %q is no source category", path, record[0], record[1])
		}
		categories[strings.ToLower(record[0])] = channel.Category(strings.ToLower(category))
	}
	return categories, nil
}
