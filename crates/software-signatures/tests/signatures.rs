//! Keys and signatures as Envoy reads them, made with Python's `cryptography`.
#![allow(clippy::unwrap_used, reason = "test code: a panic is how a test fails")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use filter_api::{Hash, HostError, Signatures, Signed};
use software_signatures::SoftwareSignatures;

const TEXT: &[u8] = b"a text";

/// What it is, the hash, the key in DER and the signature of [`TEXT`], both in base64url.
const SIGNED: [(&str, Hash, &str, &str); 6] = [
    (
        "RSA with SHA-256",
        Hash::Sha256,
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm37e8QIB3PPOdNl23E7RCKKUAy1oa2r8AnKrU_5i7OnHi87O\
             kuCc_08KHm88wdm2Pjcf2xg7DDr0xIxeclWkL_Uu_spDKxXF8PubMcYxKZhwgzjqA2nNwx0hoCVrI8Ez0EIGjqI1iKZe\
             2_NbxLGbu5qmqN5LoE0KfbP4XGuWPdh09PQIsf2udIZ9ATYbWrQE_6sFA_xXPJnQFxXV5WXPMTma5OQ1BWAflUoPrifB\
             utT4HnHa1zjl4qvLYTJnwmTwMMIGlZBdsPPYH5TFEj_6hxn2oL9Zw8GP227rWIpbr_YzCl_Y_M_I32mJqKgkifCYCLaB\
             XpcmiVQ_BEMLCTlOqQIDAQAB",
        "EUCXT5O642r0t9L8NdOinn9LLIkRm12YR7WzzRPoP_WAu4Sk1UwsPZ6Yd2VzQMaNRudDz_PrwM2xWJoL7ENycJp-dKJE\
             OdZuWNZL4T2Fl39SObGy2ccAPM2XmU9YvtzuQEBj9aMUlfGkrR00-GFtj3Pa9ivdca-WgeVc31ZRS4bmMzWfiVCC9dYo\
             wX8CKNeheeYjzS5E-jBmKKkRxq3g8Xtmv-H6e9MttEPU_Ejl6Fz-Gzjf9_O5UEEWXiAb0HzftzqH8xfz0XBCX01JjIxS\
             anKmjQDbG2kBrnKmwhI3rAFl5_M9cuvlsdoYyBZeQHYIQc_3TxqTw1RnceCy-ZlHMA",
    ),
    (
        "RSA with SHA-384",
        Hash::Sha384,
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm37e8QIB3PPOdNl23E7RCKKUAy1oa2r8AnKrU_5i7OnHi87O\
             kuCc_08KHm88wdm2Pjcf2xg7DDr0xIxeclWkL_Uu_spDKxXF8PubMcYxKZhwgzjqA2nNwx0hoCVrI8Ez0EIGjqI1iKZe\
             2_NbxLGbu5qmqN5LoE0KfbP4XGuWPdh09PQIsf2udIZ9ATYbWrQE_6sFA_xXPJnQFxXV5WXPMTma5OQ1BWAflUoPrifB\
             utT4HnHa1zjl4qvLYTJnwmTwMMIGlZBdsPPYH5TFEj_6hxn2oL9Zw8GP227rWIpbr_YzCl_Y_M_I32mJqKgkifCYCLaB\
             XpcmiVQ_BEMLCTlOqQIDAQAB",
        "IscDEvu6H13ITcahFTonb8RTX-lDSwJqgCygC8LwmXCqjN87gV3_lwnSQUlDQuLyCj0Y0xEytYNQtWHBSMFCHFezzYBZ\
             MDOphors82Hu5eS3KCDSDSNdkoBzM2Y5hYhoqbQfsdpR2cRMWDGggB04r29A1Ryzw1sKdauwM_Slm5gUeGdxreaNk11h\
             gVR2mCIeiL48U8fMuarNNGa4TWDX8CF-ekLWjz0OkZcNVXMUK-435N-FShkGwhrdS23NrRZlpu_HahLyrHY2X0_CGAhc\
             4MnczdKF9L_HPyQkhFEim0_KVUz6mMT7MKpdbNl6x8hDZxf308pRmqnCqvBSv4trMQ",
    ),
    (
        "RSA with SHA-512",
        Hash::Sha512,
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAm37e8QIB3PPOdNl23E7RCKKUAy1oa2r8AnKrU_5i7OnHi87O\
             kuCc_08KHm88wdm2Pjcf2xg7DDr0xIxeclWkL_Uu_spDKxXF8PubMcYxKZhwgzjqA2nNwx0hoCVrI8Ez0EIGjqI1iKZe\
             2_NbxLGbu5qmqN5LoE0KfbP4XGuWPdh09PQIsf2udIZ9ATYbWrQE_6sFA_xXPJnQFxXV5WXPMTma5OQ1BWAflUoPrifB\
             utT4HnHa1zjl4qvLYTJnwmTwMMIGlZBdsPPYH5TFEj_6hxn2oL9Zw8GP227rWIpbr_YzCl_Y_M_I32mJqKgkifCYCLaB\
             XpcmiVQ_BEMLCTlOqQIDAQAB",
        "GdoGqH9upV14jsFMYLGAfefvmXsI__SN7ZhqV57NvwF6BE12lR_F85zj7kE7E_XHm-WZQamBw0g2G0gOrxRB8OZ2P9iY\
             cMMHfb0kirXmla9PLDkvCS_bkHl5FBAC3lK_Qv-KpIRsoBXWM9sX6vAI7DXHi1NxcUB80yDOiQfIoMw25hZtBy-2IISZ\
             2H1y_cWkQShCpBypAIkjBxwyRjX9ejbTTpYtty6Iyi0YltX28RrUcAldwAm5TPdHStXsV8XJFUdPJJAucf6G6VZsF521\
             kucB1W5N9iaFy6umv6PQ7aKQtSOhspBeFhqrO6exVycQ_EY0nzFyCHcg2u1AjzRkyw",
    ),
    (
        "P-256",
        Hash::Sha256,
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElSFyj9D6-wOYqSSEAiLbrFAHd0-eQg4sCVE7QcbrNJywcP9FCJ70LIF2\
             UTwCc1AVE0XELD9glfDll4q7b35g6A",
        "MEYCIQCydrZ-Zisx2gpoGeFue7PDzlEFgHAinGL3ZDQGbMXmNgIhALDXB_eR2uA5WXHmSa6IZlJbhSw04-IDIDDggQOQ\
             yhzg",
    ),
    (
        "P-384",
        Hash::Sha384,
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEyeenUShqwqnz27uzQtk7_g1YwgTkwp492JfslfNjexc_q-NHLzs3PQrGE62d\
             PoMAZbRhbRSDW62MFGrML3eTR-AWLky9a6xLEtvZjAa4hQA8kfasPuORLY0nEmyTrM8n",
        "MGUCMEANDCatQVmivMQKjUbVZicP7UFkW2hSJWVvFIjEQvGAGYuugPm9Sty9gnG8zlWeJwIxALyusWnAtpARSm1X3y4w\
             R7XPpguzaf_YjyrVfKTB8JNyZzR-aOy62cf5FurgrmNzMg",
    ),
    (
        "P-521",
        Hash::Sha512,
        "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQA2wrKG6UPNokELC8B1sH_-Wu9ADvyIm1oXF11dvfO1k0IV96iA21HwMiN\
             KratcmDnxVUp9CTMxPunHGugBl-j9WEAbvapFcrsc-zADXPQtQfNkgXjaQT-coOoYzvhyzatmKEwAogO7CcDJFmS2zXI\
             zGyuqnPlnR5JzEKk_gLii3223cs",
        "MIGGAkFhus6hMMISmM8uqYLSVHB5J_bJgBq39aCgl_jFdAwa5CArz8eqwPFF2kI70Chxj_yTxbZi1Zx0zEP17Pi_Nam2\
             1AJBJaQwL1MJIfGMCuKta46tFo2j5bZls7xlC_IRx3ztL2Wrmf2K4b2gN2amr9zZ5-mp1uBbISKnCLAp89F0x3FH9mM",
    ),
];

fn verify(hash: Hash, public_key: &[u8], signature: &[u8], text: &[u8]) -> Result<bool, HostError> {
    SoftwareSignatures.verify_signature(&Signed {
        hash,
        public_key,
        signature,
        text,
    })
}

fn octets(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[test]
fn a_signature_is_its_keys_for_its_text() {
    for (what, hash, key, signature) in SIGNED {
        let (key, signature) = (octets(key), octets(signature));
        assert_eq!(verify(hash, &key, &signature, TEXT), Ok(true), "{what}");
        assert_eq!(
            verify(hash, &key, &signature, b"another"),
            Ok(false),
            "{what}"
        );
        let mut other = signature.clone();
        *other.last_mut().unwrap() ^= 1;
        for other in [&other[..], &signature[1..], b""] {
            assert_eq!(verify(hash, &key, other, TEXT), Ok(false), "{what}");
        }
        for other in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let same = other == hash;
            assert_eq!(
                verify(other, &key, &signature, TEXT),
                Ok(same),
                "{what} {other:?}"
            );
        }
    }
}

#[test]
fn a_key_that_cannot_be_read_is_refused() {
    let (_, hash, key, signature) = SIGNED[3];
    let (mut key, signature) = (octets(key), octets(signature));
    *key.last_mut().unwrap() ^= 1; // a point beside the curve
    for key in [&key[..], &key[..40], b""] {
        let refused = verify(hash, key, &signature, TEXT).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "verify_signature was refused by the host with status 2 (bad argument)"
        );
    }
}
