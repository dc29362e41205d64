//! Files in groups and private chats.

use serde_json::Value;

use super::files::FileUrl;
use crate::types::Id;

options! {
    /// For [`upload_group_file`].
    UploadGroupFileOptions {
        folder: text,
        folder_id: id,
        /// True if not given.
        upload_file: flag,
    }

    /// For [`upload_private_file`].
    UploadPrivateFileOptions {
        /// True if not given.
        upload_file: flag,
    }

    /// For listings.
    FileCountOptions {
        /// 50 if not given.
        file_count: count,
    }
}

answers! {
    /// A file that was sent.
    UploadedFile {
        file_id: Option<Id>,
    }

    /// A group's file. Times are seconds since 1970, sizes bytes.
    GroupFile {
        group_id: Id,
        file_id: Id,
        file_name: String,
        busid: i64,
        size: i64,
        file_size: i64,
        upload_time: i64,
        /// When it goes; 0 if never.
        dead_time: i64,
        modify_time: i64,
        download_times: i64,
        uploader: Id,
        uploader_name: String,
    }

    /// A folder of a group's files.
    GroupFolder {
        group_id: Id,
        folder_id: Id,
        folder: String,
        folder_name: String,
        create_time: i64,
        creator: Id,
        creator_name: String,
        total_file_count: i64,
    }

    /// What is in a folder.
    GroupFiles {
        files: Vec<GroupFile>,
        folders: Vec<GroupFolder>,
    }

    /// What a group's files use; spaces in bytes.
    FileSystemInfo {
        file_count: i64,
        /// Always 10000.
        limit_count: i64,
        used_space: i64,
        total_space: i64,
    }

    /// Whether it was done.
    FileChange {
        ok: bool,
    }
}

actions! {
    /// A short-lived address of a group's file that NapCat told of in this run. Needs NapCat's packet backend.
    get_group_file_url(group_id: id, file_id: id) -> FileUrl;
    /// A short-lived address of a private chat's file. Needs NapCat's packet backend.
    get_private_file_url(file_id: id) -> FileUrl;
    /// Puts a file into a group.
    upload_group_file(group_id: id, file: source, name: text; UploadGroupFileOptions) -> UploadedFile;
    /// Sends a file to a user.
    upload_private_file(user_id: id, file: source, name: text; UploadPrivateFileOptions) -> UploadedFile;
    /// The files and folders at the root.
    get_group_root_files(group_id: id; FileCountOptions) -> GroupFiles;
    /// The files in a folder.
    get_group_files_by_folder(group_id: id, folder_id: id; FileCountOptions) -> GroupFiles;
    /// What the group's files use.
    get_group_file_system_info(group_id: id) -> FileSystemInfo;
    /// Makes a folder.
    create_group_file_folder(group_id: id, folder_name: text) -> Value;
    /// Removes a folder.
    delete_group_folder(group_id: id, folder_id: id) -> Value;
    /// Removes a file, by its id in a listing.
    delete_group_file(group_id: id, file_id: id) -> Value;
    /// Moves a file to another folder; the root is "/". Needs NapCat's packet backend.
    move_group_file(
        group_id: id, file_id: id, current_parent_directory: text, target_parent_directory: text
    ) -> FileChange;
    /// Renames a file. Needs NapCat's packet backend.
    rename_group_file(group_id: id, file_id: id, current_parent_directory: text, new_name: text) -> FileChange;
    /// Keeps a file that would go. Needs NapCat's packet backend.
    trans_group_file(group_id: id, file_id: id) -> FileChange;
}
