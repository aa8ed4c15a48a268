//! `rolewright schema`: the JSON schemas of the manifests and of plans.

use std::path::PathBuf;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::output;
use crate::manifest::schema;
use crate::render;

/// Flags of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write every schema as a file into this folder instead of printing the one that covers all kinds.
    #[arg(long, value_name = "DIR", env = "ROLEWRIGHT_SCHEMA_OUT")]
    out: Option<PathBuf>,
}

/// Prints or writes the schemas.
pub(crate) fn run(context: &Context, args: &Args) -> Result<Exit, Fault> {
    let mut files = schema::files();
    for (name, content) in [("plan.schema.json", render::plan::SCHEMA), ("plans.schema.json", render::plan::SET_SCHEMA)]
    {
        files.push((name.to_owned(), content.to_owned()));
    }
    match &args.out {
        Some(folder) => {
            for (name, content) in &files {
                let path = folder.join(name);
                output::write_file(&path, content)
                    .map_err(|error| Fault::error(format!("cannot write {}: {error}", path.display())))?;
            }
            context.say(&format!("{} schemas written to {}\n", files.len(), folder.display()));
        }
        None => {
            if let Some((_, content)) = files.iter().find(|(name, _)| name == "manifest.schema.json") {
                context.print(content)?;
            }
        }
    }
    Ok(Exit::Success)
}
