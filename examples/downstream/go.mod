module example.com/addcompute

go 1.26.0

require github.com/cephstack/cephstack v0.0.0

require (
	github.com/gophercloud/gophercloud/v2 v2.15.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)

replace github.com/cephstack/cephstack => ../..
