//! Flash transfers, and files from machine to machine.

use serde_json::Value;

use crate::types::Id;

options! {
    /// For [`create_flash_task`].
    FlashOptions { name: text, thumb_path: text }

    /// Where to: a user or a group.
    FlashTargetOptions { user_id: id, group_id: id }

    /// Which file: by name, or by its place from 0.
    FlashFileOptions { file_name: text, file_index: count }

    /// For [`send_online_file`].
    OnlineFileOptions { file_name: text }

    /// For [`send_online_folder`].
    OnlineFolderOptions { folder_name: text }
}

answers! {
    /// A set of files.
    FilesetId {
        fileset_id: Id,
    }
}

actions! {
    /// Begins a flash upload of paths on NapCat's machine. `createFlashTransferResult` holds `fileSetId` and `shareLink`.
    create_flash_task(files: texts; FlashOptions) -> Value;
    /// Sends a set of files; the options say where to.
    send_flash_msg(fileset_id: id; FlashTargetOptions) -> Value;
    /// The link of a set: `shareLink`.
    get_share_link(fileset_id: id) -> Value;
    /// Downloads a set to NapCat's machine.
    download_fileset(fileset_id: id) -> Value;
    /// What QQ knows of a set.
    get_fileset_info(fileset_id: id) -> Value;
    /// The first 18 files of a set.
    get_flash_file_list(fileset_id: id) -> Value;
    /// The address of one file of a set: `transferUrl`.
    get_flash_file_url(fileset_id: id; FlashFileOptions) -> Value;
    /// The set that a link's code names.
    get_fileset_id(share_code: id) -> FilesetId;
    /// Files that a friend offers.
    get_online_file_msg(user_id: id) -> Value;
    /// Offers a file of NapCat's machine to a friend.
    send_online_file(user_id: id, file_path: id; OnlineFileOptions) -> Value;
    /// Offers a folder of NapCat's machine to a friend.
    send_online_folder(user_id: id, folder_path: id; OnlineFolderOptions) -> Value;
    /// Takes an offered file; both ids are in the `onlinefile` segment.
    receive_online_file(user_id: id, msg_id: id, element_id: id) -> Value;
    /// Refuses an offered file.
    refuse_online_file(user_id: id, msg_id: id, element_id: id) -> Value;
    /// Takes an own offer back.
    cancel_online_file(user_id: id, msg_id: id) -> Value;
}
