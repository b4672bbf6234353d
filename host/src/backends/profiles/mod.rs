//! Profile storage in one SQLite file (`profiles` 7).
//!
//! The data folder holds `profiles.sqlite`, `profiles.key` (the key of the secrets, readable by its owner
//! only), `leases/` (one lock file for each opening) and `leases/folder`, which every opening holds a shared lock
//! of and a restore an exclusive one. Every change is one durable transaction; any number
//! of processes may use one folder. What a profile consists of is the engine's; here it is bytes. Where nothing can
//! be written, profiles are read, and leases are known to this process alone.
//!
//! Secrets are encrypted with XChaCha20-Poly1305 under a random nonce, bound to the number of their profile
//! and their key: a sealed value moved to another place does not open.

mod instance;
mod key;

pub(in crate::backends) use instance::Exclusive;
pub use key::StorageKey;
pub(in crate::backends) use key::write_private;

use crate::backends::sqlite::database::{Access, Database, Registry, Schema, lock};
use crate::backends::sqlite::trouble::{Outcome, code_of};
use instance::Instance;
use mapi_engine::backend::{LoadedProfile, ProfileEntry, ProfileStorage};
use mapi_engine::error::{Code, Failure, Result};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Arc, Mutex};

const SCHEMA: Schema = Schema {
    what: "profile storage",
    // "MAPP"
    application: 0x4D41_5050,
    migrations: &[include_str!("profiles_v1.sql")],
};

static OPEN: Registry<SqliteProfiles> = Registry::new();

/// The profiles of one data folder.
#[derive(Debug)]
pub struct SqliteProfiles {
    database: Database,
    key: StorageKey,
    instance: Instance,
    /// Leases that could not be written down, by profile.
    unwritten: Mutex<Vec<(u64, String)>>,
}

impl SqliteProfiles {
    /// The profiles of a data folder, made if there are none, protected by the key file in the folder.
    /// Opening a folder twice in one process shares one value.
    ///
    /// # Errors
    /// `MAPI_E_NO_ACCESS`, `MAPI_E_CORRUPT_STORE`, `MAPI_E_VERSION`, `MAPI_E_NOT_ENOUGH_DISK`.
    pub fn in_folder(folder: &Path) -> Result<Arc<Self>> {
        let open = || {
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::new(
                    code_of(error.kind()).unwrap_or(Code::NoAccess),
                    format!("The data folder {} cannot be made: {error}. Choose one that can be written to.", folder.display()),
                )
            })?;
            Self::open(folder, StorageKey::in_file(&folder.join("profiles.key"))?)
        };
        OPEN.open(&folder.join("profiles.sqlite"), |_| true, open)
    }

    /// The profiles of a data folder under a key the host keeps itself.
    ///
    /// # Errors
    /// As [`SqliteProfiles::in_folder`].
    pub fn open(folder: &Path, key: StorageKey) -> Result<Self> {
        // First, so that nobody restores the folder between the two.
        let instance = Instance::begin(folder.join("leases"))?;
        let path = folder.join("profiles.sqlite");
        let database = match Database::open(&path, SCHEMA, Access::Create) {
            // The first failure says more, if there is nothing to be read either.
            Err(failure) if failure.code() == Code::NoAccess => {
                Database::open(&path, SCHEMA, Access::Read).map_err(|_| failure)?
            }
            opened => opened?,
        };
        Ok(Self { database, key, instance, unwritten: Mutex::default() })
    }

    fn write_lease(&self, name: &str) -> Result<u64> {
        // A loss of power ends every instance, and with it its leases.
        self.database.write_fleeting(|connection| {
            let (number, _) = find_existing(connection, name)?;
            let sql = "INSERT INTO lease (profile, instance) VALUES (?, ?)";
            connection.prepare_cached(sql)?.execute(params![number, self.instance.name()])?;
            Ok(connection.last_insert_rowid().cast_unsigned())
        })
    }

    /// A lease nobody else knows of. Its number is one that no row of the file has.
    fn unwritten_lease(&self, name: &str) -> Result<u64> {
        self.database.read(|connection| find_existing(connection, name))?;
        let mut unwritten = lock(&self.unwritten);
        let number = unwritten.iter().map(|(number, _)| *number).min().unwrap_or(u64::MAX).saturating_sub(1);
        unwritten.push((number, name.to_owned()));
        Ok(number)
    }
}

/// The number of a profile and its version, if it exists.
fn find(connection: &Connection, name: &str) -> Outcome<Option<(i64, u64)>> {
    let mut statement = connection.prepare_cached("SELECT number, version FROM profile WHERE name = ?")?;
    let found = statement.query_row([name], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?))).optional()?;
    Ok(found.map(|(number, version)| (number, version.cast_unsigned())))
}

fn find_existing(connection: &Connection, name: &str) -> Outcome<(i64, u64)> {
    let missing = || Failure::not_found(format!("There is no profile {name:?}."));
    Ok(find(connection, name)?.ok_or_else(missing)?)
}

/// The number of a profile that must still have that version.
fn expect(connection: &Connection, name: &str, expected: u64) -> Outcome<i64> {
    match find(connection, name)? {
        Some((number, version)) if version == expected => Ok(number),
        _ => Err(changed(name).into()),
    }
}

fn changed(name: &str) -> Failure {
    Failure::new(Code::ObjectChanged, format!("The profile {name:?} was changed by another program meanwhile."))
}

/// Versions rise over all profiles, so that a name used again never has a version it had before.
fn next_version(connection: &Connection) -> Outcome<i64> {
    let sql = "UPDATE state SET last_version = last_version + 1 RETURNING last_version";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

fn binding(profile: i64, key: &str) -> String {
    format!("{profile} {key}")
}

impl ProfileStorage for SqliteProfiles {
    fn list(&self) -> Result<Vec<ProfileEntry>> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT name, version FROM profile ORDER BY number")?;
            let entries = statement
                .query_map([], |row| Ok(ProfileEntry { name: row.get(0)?, version: row.get::<_, i64>(1)?.cast_unsigned() }))?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
    }

    fn load(&self, name: &str) -> Result<LoadedProfile> {
        self.database.read(|connection| {
            let (number, version) = find_existing(connection, name)?;
            let mut statement = connection.prepare_cached("SELECT bytes FROM profile WHERE number = ?")?;
            Ok(LoadedProfile { bytes: statement.query_row([number], |row| row.get(0))?, version })
        })
    }

    fn replace(&self, name: &str, bytes: &[u8], expected: u64) -> Result<u64> {
        self.database.write(|connection| {
            let version = next_version(connection)?;
            if expected == 0 {
                if find(connection, name)?.is_some() {
                    return Err(changed(name).into());
                }
                let sql = "INSERT INTO profile (name, version, bytes) VALUES (?, ?, ?)";
                connection.prepare_cached(sql)?.execute(params![name, version, bytes])?;
            } else {
                let number = expect(connection, name, expected)?;
                let sql = "UPDATE profile SET version = ?, bytes = ? WHERE number = ?";
                connection.prepare_cached(sql)?.execute(params![version, bytes, number])?;
            }
            Ok(version.cast_unsigned())
        })
    }

    fn rename(&self, name: &str, new_name: &str, expected: u64) -> Result<u64> {
        self.database.write(|connection| {
            let number = expect(connection, name, expected)?;
            if name != new_name && find(connection, new_name)?.is_some() {
                return Err(Failure::new(Code::Collision, format!("There is a profile {new_name:?} already.")).into());
            }
            let version = next_version(connection)?;
            let sql = "UPDATE profile SET name = ?, version = ? WHERE number = ?";
            connection.prepare_cached(sql)?.execute(params![new_name, version, number])?;
            Ok(version.cast_unsigned())
        })
    }

    fn delete(&self, name: &str, expected: u64) -> Result<()> {
        self.database.write(|connection| {
            find_existing(connection, name)?;
            let number = expect(connection, name, expected)?;
            for sql in [
                "DELETE FROM profile WHERE number = ?",
                "DELETE FROM secret WHERE profile = ?",
                "UPDATE state SET default_profile = NULL WHERE default_profile = ?",
            ] {
                connection.prepare_cached(sql)?.execute([number])?;
            }
            Ok(())
        })
    }

    fn default_name(&self) -> Result<Option<String>> {
        self.database.read(|connection| {
            let sql = "SELECT name FROM profile JOIN state ON number = default_profile";
            Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
        })
    }

    fn set_default_name(&self, name: Option<&str>) -> Result<()> {
        self.database.write(|connection| {
            let number = name.map(|name| find_existing(connection, name)).transpose()?.map(|(number, _)| number);
            connection.prepare_cached("UPDATE state SET default_profile = ?")?.execute([number])?;
            Ok(())
        })
    }

    fn secret(&self, profile: &str, key: &str) -> Result<Option<Vec<u8>>> {
        let sealed = self.database.read(|connection| {
            let (number, _) = find_existing(connection, profile)?;
            let mut statement = connection.prepare_cached("SELECT sealed FROM secret WHERE profile = ? AND key = ?")?;
            let sealed = statement.query_row(params![number, key], |row| row.get::<_, Vec<u8>>(0)).optional()?;
            Ok(sealed.map(|sealed| (number, sealed)))
        })?;
        let Some((number, sealed)) = sealed else { return Ok(None) };
        match self.key.open(&binding(number, key), &sealed) {
            Some(value) => Ok(Some(value)),
            None => Err(Failure::new(
                Code::CorruptData,
                format!(
                    "A protected value of the profile {profile:?} cannot be decrypted: the key file is another one, or the value \
                     is damaged. Restore the key file, or enter the password again."
                ),
            )),
        }
    }

    fn set_secret(&self, profile: &str, key: &str, value: Option<&[u8]>) -> Result<()> {
        self.database.write(|connection| {
            let (number, _) = find_existing(connection, profile)?;
            match value {
                Some(value) => {
                    let sealed = self.key.seal(&binding(number, key), value)?;
                    let sql = "INSERT INTO secret VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed";
                    connection.prepare_cached(sql)?.execute(params![number, key, sealed])?;
                }
                None => {
                    let sql = "DELETE FROM secret WHERE profile = ? AND key = ?";
                    connection.prepare_cached(sql)?.execute(params![number, key])?;
                }
            }
            Ok(())
        })
    }

    fn acquire_lease(&self, name: &str) -> Result<u64> {
        if !self.instance.is_seen() {
            return self.unwritten_lease(name);
        }
        match self.write_lease(name) {
            Err(failure) if matches!(failure.code(), Code::NotEnoughDisk | Code::NoAccess) => self.unwritten_lease(name),
            written => written,
        }
    }

    fn release_lease(&self, lease: u64) {
        {
            let mut unwritten = lock(&self.unwritten);
            if let Some(at) = unwritten.iter().position(|(number, _)| *number == lease) {
                unwritten.swap_remove(at);
                return;
            }
        }
        let sql = "DELETE FROM lease WHERE number = ? AND instance = ?";
        // A lease that stays ends with this instance.
        let _stays = self.database.write_fleeting(|connection| {
            Ok(connection.prepare_cached(sql)?.execute(params![lease.cast_signed(), self.instance.name()])?)
        });
    }

    fn leases(&self, name: &str) -> Result<u32> {
        let held: Vec<(String, u32)> = self.database.read(|connection| {
            let Some((number, _)) = find(connection, name)? else { return Ok(Vec::new()) };
            let sql = "SELECT instance, count(*) FROM lease WHERE profile = ? GROUP BY instance";
            let mut statement = connection.prepare_cached(sql)?;
            let held = statement.query_map([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(held.collect::<Result<_, _>>()?)
        })?;
        let unwritten = lock(&self.unwritten).iter().filter(|(_, held)| held == name).count();
        let mut count = u32::try_from(unwritten).unwrap_or(u32::MAX);
        for (instance, leases) in held {
            if self.instance.is_alive(&instance)? {
                count = count.saturating_add(leases);
            } else {
                // What stays of a dead instance is found dead again.
                let _stays = self.database.write_fleeting(|connection| {
                    Ok(connection.prepare_cached("DELETE FROM lease WHERE instance = ?")?.execute([&instance])?)
                });
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
