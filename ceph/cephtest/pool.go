package cephtest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/cephstack/cephstack/ceph"
)

func (c *Cluster) pool(a call) (*pool, error) {
	p, ok := c.pools[a.str("pool")]
	if !ok {
		return nil, a.refuse(enoent, "unrecognized pool '%s'", a.str("pool"))
	}
	return p, nil
}

func (c *Cluster) poolList(a call) (any, string, error) {
	names, rules := slices.Sorted(maps.Keys(c.pools)), c.ruleNames()
	if a.str("detail") != "detail" {
		return names, "", nil
	}
	list := []object{}
	for _, name := range names {
		p := c.pools[name]
		apps, flags := object{}, "hashpspool"
		for app := range p.apps {
			apps[app] = object{}
		}
		if p.ErasureProfile != "" && p.overwrites {
			flags += ",ec_overwrites"
		}
		for _, full := range c.fullness(name) {
			flags += "," + full
		}
		rule := "crush_rule"
		if c.Release < "luminous" {
			rule = "crush_ruleset"
		}
		list = append(list, object{
			"pool_id": p.id, "pool_name": name, "flags_names": flags, "pg_num": p.PGNum, "pg_num_target": p.PGNum,
			"pg_autoscale_mode": p.Autoscale, "size": p.Size, "min_size": p.MinSize,
			rule: c.ruleset(slices.Index(rules, p.CRUSHRule)), "application_metadata": apps,
			"quota_max_bytes": p.MaxBytes, "quota_max_objects": p.MaxObjects, "erasure_code_profile": p.ErasureProfile,
		})
	}
	return list, "", nil
}

func (c *Cluster) poolCreate(a call) (any, string, error) {
	name, kind := a.str("pool"), a.str("pool_type")
	if name == "" {
		return nil, "", a.refuse(einval, "(22) Invalid argument")
	}
	if p := c.pools[name]; p != nil {
		if kind == "erasure" && p.ErasureProfile == "" || kind == "replicated" && p.ErasureProfile != "" {
			return nil, "", a.refuse(einval, "pool '%s' cannot change to type %s", name, kind)
		}
		return nil, "pool '" + name + "' already exists", nil
	}
	if c.Release < "nautilus" && a.int("size") != 0 || c.Release < "luminous" &&
		a.str("rule") != "" { // as the ceph program of then says
		return nil, "", a.refuse(einval, "invalid command")
	}
	if c.Release < "nautilus" && a.int("pg_num") == 0 {
		return nil, "", a.refuse(einval, "Invalid command: missing required parameter pg_num(<int[0-]>)")
	}
	p, err := c.desired(a)
	if err != nil {
		return nil, "", err
	}
	c.putPool(p).overwrites = false
	return nil, "pool '" + name + "' created", nil
}

// desired checks the fields of a pool to create.
func (c *Cluster) desired(a call) (ceph.Pool, error) {
	p := ceph.Pool{Name: a.str("pool"), PGNum: a.int("pg_num"), Autoscale: a.str("autoscale_mode"), Size: a.int("size"),
		CRUSHRule: a.str("rule")}
	switch kind := a.str("pool_type"); {
	case kind == "erasure":
		p.ErasureProfile = a.str("erasure_code_profile")
		if p.ErasureProfile == "" {
			p.ErasureProfile = "default"
		}
	case kind != "" && kind != "replicated":
		return p, a.refuse(einval, "unknown pool type '%s'", kind)
	}
	rule, err := c.pickRule(a, p)
	if err != nil {
		return p, err
	}
	p.CRUSHRule = rule
	if err := checkPGNum(a, p.PGNum, p.PGNum != 0); err != nil {
		return p, err
	}
	if p.Autoscale != "" && !slices.Contains([]string{"on", "off", "warn"}, p.Autoscale) {
		p.Autoscale = "" // Pacific passes over it
	}
	return p, nil
}

func checkPGNum(a call, n int, given bool) error {
	if given && (n <= 0 || n > 65536) {
		return a.refuse(erange, "'pg_num' must be greater than 0 and less than or equal to 65536 (you may adjust 'mon max "+
			"pool pg num' for higher values)")
	}
	return nil
}

func (c *Cluster) poolSet(a call) (any, string, error) {
	p, err := c.pool(a)
	if err != nil {
		return nil, "", err
	}
	field, value := a.str("var"), a.str("val")
	if c.Release < "luminous" && (field == "crush_rule" || field == "allow_ec_overwrites") {
		return nil, "", a.refuse(einval, "unrecognized variable '%s'", field)
	}
	switch field {
	case "size", "min_size", "pg_num":
		n, err := strconv.Atoi(value)
		if err != nil {
			return nil, "", a.refuse(einval, "error parsing integer value '%s': Expected option value to be integer, got '%s'",
				value, value)
		}
		err = c.setNumber(a, p, field, n)
		if err != nil {
			return nil, "", err
		}
	case "pg_autoscale_mode":
		if !slices.Contains([]string{"on", "off", "warn"}, value) {
			return nil, "", a.refuse(einval, "specified invalid mode %s", value)
		}
		p.Autoscale = value
	case "crush_rule":
		if !slices.Contains(c.ruleNames(), value) {
			return nil, "", a.refuse(enoent, "crush rule %s does not exist", value)
		}
		if err := c.ruleFits(a, value, p.ErasureProfile != ""); err != nil {
			return nil, "", err
		}
		p.CRUSHRule = value
	case "allow_ec_overwrites":
		if p.ErasureProfile == "" {
			return nil, "", a.refuse(einval, "ec overwrites can only be enabled for an erasure coded pool")
		}
		on := value == "true" || value == "1"
		if p.overwrites && !on {
			return nil, "", a.refuse(einval, "ec overwrites cannot be disabled once enabled")
		}
		p.overwrites = on
	default:
		return nil, "", a.refuse(einval, "unrecognized variable '%s'", field)
	}
	return nil, "set pool " + strconv.Itoa(p.id) + " " + field + " to " + value, nil
}

func (c *Cluster) setNumber(a call, p *pool, field string, n int) error {
	switch field {
	case "pg_num":
		if err := checkPGNum(a, n, true); err != nil {
			return err
		}
		p.PGNum = n
	case "min_size":
		least := 1
		if p.ErasureProfile != "" {
			least, _ = c.profiles[p.ErasureProfile].chunks() // with fewer chunks nothing can be read
		}
		if n < least || n > p.Size {
			return a.refuse(einval, "pool min_size must be between %d and size, which is set to %d", least, p.Size)
		}
		p.MinSize = n
	case "size":
		yes, _ := a.args["yes_i_really_mean_it"].(bool)
		switch {
		case p.ErasureProfile != "":
			return a.refuse(eopnotsupp, "can not change the size of an erasure-coded pool")
		case n < 1 || n > 10:
			return a.refuse(einval, "pool size must be between 1 and 10")
		case n == 1 && !c.MinSizeOne:
			return a.refuse(eperm, "configuring pool size as 1 is disabled by default.")
		case n == 1 && !yes:
			return a.refuse(eperm, "WARNING: setting pool size 1 could lead to data loss without recovery. "+
				"If you are *ABSOLUTELY CERTAIN* that is what you want, pass the flag --yes-i-really-mean-it.")
		}
		p.Size, p.MinSize = n, n-n/2
	}
	return nil
}

func (c *Cluster) poolEnable(a call) (any, string, error) {
	p, err := c.pool(a)
	if err != nil {
		return nil, "", err
	}
	app := a.str("app")
	yes, _ := a.args["yes_i_really_mean_it"].(bool)
	if len(p.apps) > 0 && !p.apps[app] && !yes {
		return nil, "", a.refuse(eperm, "Are you SURE? Pool '%s' already has an enabled application; pass "+
			"--yes-i-really-mean-it to proceed anyway", p.Name)
	}
	p.apps[app] = true
	return nil, "enabled application '" + app + "' on pool '" + p.Name + "'", nil
}

func (c *Cluster) poolApps(a call) (any, string, error) {
	p, err := c.pool(a)
	if err != nil {
		return nil, "", err
	}
	apps := object{}
	for app := range p.apps {
		apps[app] = object{}
	}
	return apps, "", nil
}

func (c *Cluster) poolQuota(a call) (any, string, error) {
	p, err := c.pool(a)
	if err != nil {
		return nil, "", err
	}
	return object{"pool_name": p.Name, "pool_id": p.id, "quota_max_objects": p.MaxObjects,
		"quota_max_bytes": p.MaxBytes}, "", nil
}

func (c *Cluster) poolSetQuota(a call) (any, string, error) {
	p, err := c.pool(a)
	if err != nil {
		return nil, "", err
	}
	field, value := a.str("field"), a.str("val")
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return nil, "", a.refuse(einval, "error parsing value '%s'", value)
	}
	switch field {
	case "max_bytes":
		p.MaxBytes = n
	case "max_objects":
		p.MaxObjects = n
	default:
		return nil, "", a.refuse(einval, "unrecognized field '%s'; should be 'max_bytes' or 'max_objects'", field)
	}
	return nil, "set-quota " + field + " = " + value + " for pool " + p.Name, nil
}
