package rulefile

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/channel"
)

// listedSites reads Matomo's lists, assistants first: several are also listed as networks or search engines.
func listedSites(files fs.FS, needTerm []string) ([]channel.Site, error) {
	assistants, err := hostList(files, "referrers_ai_assistants.yaml", string(channel.Assistant))
	if err != nil {
		return nil, err
	}
	for i := range assistants {
		assistants[i].Category = channel.Assistant // Google's list knows some of these hosts as something else
	}
	engines, err := searchEngineList(files, "referrers_search_engines.yaml", needTerm)
	if err != nil {
		return nil, err
	}
	socials, err := hostList(files, "referrers_socials.yaml", string(channel.SocialSite))
	if err != nil {
		return nil, err
	}
	return slices.Concat(assistants, engines, socials), nil
}

// hostList reads a list of "name: [hosts]" in the order of the file.
func hostList(files fs.FS, path, medium string) ([]channel.Site, error) {
	var sites []channel.Site
	err := eachEntry(files, path, func(name string, value *yaml.Node) error {
		var hosts []string
		if err := value.Decode(&hosts); err != nil {
			return err
		}
		sites = append(sites, channel.Site{Medium: medium, Source: name, Hosts: hosts})
		return nil
	})
	return sites, err
}

// searchEngine is one block of the search engine list. How to link back to the engine, its character sets, and which of its pages
// hide the term are of no use here.
type searchEngine struct {
	URLs           []string `yaml:"urls"`
	Params         []string `yaml:"params"`
	HiddenKeywords []string `yaml:"hiddenkeyword"`
	Charsets       []string `yaml:"charsets"`
	Backlink       string   `yaml:"backlink"`
}

// searchEngineList reads the search engine list. A block is divided where some of its hosts are searches only with a term.
func searchEngineList(files fs.FS, path string, needTerm []string) ([]channel.Site, error) {
	var sites []channel.Site
	used := make(map[string]bool, len(needTerm))
	err := eachEntry(files, path, func(name string, value *yaml.Node) error {
		var blocks []searchEngine
		if err := value.Decode(&blocks); err != nil {
			return err
		}
		for _, b := range blocks {
			site := channel.Site{Medium: string(channel.SearchEngine), Source: name, Params: b.Params}
			strict := site
			strict.NeedsTerm = true
			for _, host := range b.URLs {
				if i := slices.IndexFunc(needTerm, func(n string) bool { return isWithin(host, n) }); i >= 0 {
					used[needTerm[i]] = true
					strict.Hosts = append(strict.Hosts, host)
					continue
				}
				site.Hosts = append(site.Hosts, host)
			}
			for _, s := range []channel.Site{site, strict} {
				if len(s.Hosts) > 0 {
					sites = append(sites, s)
				}
			}
		}
		return nil
	})
	for _, host := range needTerm {
		if !used[host] {
			err = errors.Join(err, fmt.Errorf("read channels.yaml: search_needs_term names %s, which %s does not have", host, path))
		}
	}
	return sites, err
}

// isWithin says whether a host is the other or below it.
func isWithin(host, other string) bool { return host == other || strings.HasSuffix(host, "."+other) }

// eachEntry walks a YAML mapping in the order of the file, which a Go map would lose: the first claim to a host wins.
func eachEntry(files fs.FS, path string, visit func(name string, value *yaml.Node) error) error {
	var list yaml.Node
	if err := decodeFile(files, path, &list); err != nil {
		return err
	}
	if len(list.Content) != 1 || list.Content[0].Kind != yaml.MappingNode {
		return fmt.Errorf("read %s: the list is not a mapping of names", path)
	}
	entries := list.Content[0].Content
	for i := 0; i+1 < len(entries); i += 2 {
		name := entries[i].Value
		if plain, err := url.PathUnescape(name); err == nil { // "Google%2B"
			name = plain
		}
		if err := visit(name, entries[i+1]); err != nil {
			return fmt.Errorf("read %s: %s: %w", path, name, err)
		}
	}
	return nil
}
