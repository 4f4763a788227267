//! Credentials to a principal.

use subtle::ConstantTimeEq as _;
use transom_core::caller::Principal;
use transom_core::failure::Failure;
use transom_core::scope::Scope;
use transom_core::secret::Secret;

use crate::settings::Access;

/// Checks the bearer token. The comparison takes the same time wherever the first wrong byte is.
pub(crate) fn check(access: &Access, credentials: Option<&Secret>) -> Result<Principal, Failure> {
    match (access, credentials) {
        (Access::Local | Access::Open, _) => Ok(Principal { scope: Scope::local() }),
        (Access::Key(key), Some(given)) if same(key, given) => {
            Ok(Principal { scope: Scope::master() })
        }
        (Access::Key(_), _) => Err(Failure::Unauthenticated),
    }
}

fn same(key: &Secret, given: &Secret) -> bool {
    key.expose().as_bytes().ct_eq(given.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_key_nothing_but_the_key_opens() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let access = Access::Key(secret("sk-right"));
        assert!(check(&access, Some(&secret("sk-right"))).is_ok());
        for wrong in ["sk-wrong", "sk-righ", "sk-right ", ""] {
            assert!(check(&access, Some(&secret(wrong))).is_err(), "{wrong:?}");
        }
        assert!(check(&access, None).is_err());
    }
}
