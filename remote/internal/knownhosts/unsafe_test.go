package knownhosts

import (
	"crypto/dsa" //nolint:staticcheck // what must be refused
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

func dsaKey(t *testing.T) ssh.Signer {
	t.Helper()
	var key dsa.PrivateKey
	require.NoError(t, dsa.GenerateParameters(&key.Parameters, rand.Reader, dsa.L1024N160))
	require.NoError(t, dsa.GenerateKey(&key, rand.Reader))
	s, err := ssh.NewSignerFromKey(&key)
	require.NoError(t, err)
	return s
}

// DSA, and RSA with SHA-1, are never asked for and never taken, whatever known_hosts say.
func TestWhatIsNotSafeIsNotTrusted(t *testing.T) {
	weak, good := dsaKey(t), edKey(t)
	for name, lines := range map[string]string{
		"only DSA": lineOf("c1", weak), "both": lineOf("c1", weak) + lineOf("c1", good), "none": "",
		"hashed": hashNames(lineOf("c1", weak)), "among many": hashNames(lineOf("c1", weak)) + manyHashed(t),
		"an authority": "@cert-authority " + lineOf("*", weak),
	} {
		p := parsed(t, lines).Policy("c1", 22)
		for _, q := range []Policy{p, p.Complete()} {
			require.NotEmpty(t, q.Algorithms(), name)
			for _, insecure := range ssh.InsecureAlgorithms().HostKeys {
				require.NotContains(t, q.Algorithms(), insecure, name)
			}
		}
		err := p.Check(weak.PublicKey())
		require.ErrorIs(t, err, ErrUntrusted, name)
		require.ErrorContains(t, err, "ssh-dss, which is not safe", name)
	}
	p := parsed(t, lineOf("c1", weak)).Policy("c1", 22)
	require.ErrorContains(t, p.Check(good.PublicKey()), "only a key of type ssh-dss for it, which is not safe")
	require.ErrorContains(t, p.NoneOffered(), "no key of a safe type")
	require.NoError(t, parsed(t, lineOf("c1", weak)+lineOf("c1", good)).Policy("c1", 22).Check(good.PublicKey()))
}

func TestACertificateIsSignedSafely(t *testing.T) {
	key := edKey(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	all, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	for algorithm, safe := range map[string]bool{
		ssh.KeyAlgoRSA: false, ssh.KeyAlgoRSASHA256: true, ssh.KeyAlgoRSASHA512: true,
	} {
		ca, err := ssh.NewSignerWithAlgorithms(all.(ssh.AlgorithmSigner), []string{algorithm})
		require.NoError(t, err)
		err = parsed(t, "@cert-authority "+lineOf("c*", all)).Policy("c1", 22).Check(hostCert(t, ca, key, "c1"))
		if safe {
			require.NoError(t, err, algorithm)
			continue
		}
		require.ErrorIs(t, err, ErrUntrusted)
		require.ErrorContains(t, err, "signed with ssh-rsa")
	}
	weak := dsaKey(t)
	err = parsed(t, "@cert-authority "+lineOf("c*", weak)).Policy("c1", 22).Check(hostCert(t, weak, key, "c1"))
	require.ErrorContains(t, err, "signed with ssh-dss")
	user := hostCert(t, key, edKey(t), "c1")
	user.CertType = ssh.UserCert
	require.NoError(t, user.SignCert(rand.Reader, key))
	require.Error(t, parsed(t, "@cert-authority "+lineOf("c*", key)).Policy("c1", 22).Check(user))
}
